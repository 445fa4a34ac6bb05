import { join } from "node:path";
import { type Cell, type Notebook, type Output, textOf } from "@lib/notebook/ipynb.ts";

/** Writes a notebook of code cells into a new folder; a cell that begins with `%tag` gets the tag. */
export function notebookFile(sources: readonly string[], name = "x.ipynb"): string {
  const path = join(Deno.makeTempDirSync({ prefix: "notebook-" }), name);
  Deno.writeTextFileSync(path, JSON.stringify(notebookOf(sources)));
  return path;
}

export function notebookOf(sources: readonly string[]): Notebook {
  const cells = sources.map((text, i): Cell => {
    const id = `cell-${i}`;
    if (text.startsWith("# ")) return { cell_type: "markdown", id, metadata: {}, source: text };
    const [, tag] = text.match(/^%(\S+)\n/) ?? [];
    return {
      cell_type: "code",
      id,
      metadata: tag ? { tags: [tag] } : {},
      source: tag ? text.slice(tag.length + 2) : text,
      execution_count: null,
      outputs: [],
    };
  });
  return { cells, metadata: {}, nbformat: 4, nbformat_minor: 5 };
}

/** What a cell's outputs say, one line each, so that tests compare text. */
export function said(outputs: readonly Output[] = []): string[] {
  return outputs.map((output) => {
    if (output.output_type === "stream") return `${output.name}: ${textOf(output.text)}`;
    if (output.output_type === "error") return `error: ${output.ename}: ${output.evalue}`;
    return `${output.output_type}: ${textOf(output.data["text/plain"] as string)}`;
  });
}
