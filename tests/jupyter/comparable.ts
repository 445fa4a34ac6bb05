import { type Notebook, textOf } from "@lib/notebook/ipynb.ts";

/**
 * The outputs of a notebook's code cells as any program writes them: neighbouring texts of one stream
 * joined, counts and display ids left out.
 */
export function comparable({ cells }: Notebook): unknown[] {
  return cells.filter(({ cell_type }) => cell_type === "code").map(({ outputs = [] }) => {
    const plain: (readonly [string, unknown])[] = [];
    for (const output of outputs) {
      const last = plain.at(-1);
      if (output.output_type === "stream") {
        const text = textOf(output.text);
        if (last?.[0] === output.name) plain[plain.length - 1] = [last[0], last[1] + text];
        else plain.push([output.name, text]);
      } else if (output.output_type === "error") {
        plain.push(["error", `${output.ename}: ${output.evalue}`]);
      } else {
        const data = Object.entries(output.data).map(([type, value]) =>
          [type, typeof value === "object" ? textOf(value as string[]) : value] as const
        ).map(([type, value]) => [type, typeof value === "string" ? value.trimEnd() : value]);
        plain.push([output.output_type, Object.fromEntries(data)]);
      }
    }
    return plain;
  });
}
