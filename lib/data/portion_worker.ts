/**
 * A Worker that reads files of games into portions on disk, one file after the other.
 *
 * @module
 */

import { type PortionAnswer, type PortionOrder, writePortions } from "@lib/data/portion_files.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<PortionOrder>) => void;
  postMessage(answer: PortionAnswer): void;
};

scope.onmessage = async ({ data: { file, folder, selection } }) => {
  try {
    const onPiece = (fraction: number) => scope.postMessage({ fraction });
    scope.postMessage({ portions: await writePortions(file, folder, { selection, onPiece }) });
  } catch (error) {
    scope.postMessage({ failed: error instanceof Error ? error.message : String(error) });
  }
};
