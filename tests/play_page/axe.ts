import type { Page } from "./chromium.ts";

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly {
    readonly target: readonly string[];
    readonly failureSummary: string;
  }[];
}

/** What axe-core has against the page as it stands, in words; empty when nothing. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.run(Deno.readTextFileSync(new URL(import.meta.resolve("axe-core/axe.min.js"))));
  const { violations, passes } = await page.run<{ violations: Violation[]; passes: number }>(
    `axe.run().then(({ violations, passes }) => ({ violations, passes: passes.length }))`,
  );
  if (passes < 10) throw new Error(`axe has looked at ${passes} rules only`);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}) ${target}: ${failureSummary}`)
  );
}
