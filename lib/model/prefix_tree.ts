/**
 * What was read of texts, by text: a tree of pages, so that a text finds what it shares with any
 * text before it, be it the same game a move earlier, a game taken back, or another with the same
 * opening. The pages that have not been used for longest make room for new ones.
 *
 * @module
 */

import { PAGE, type Page, type Pages, type Reading } from "@lib/compute/paged_attention.ts";

interface Node {
  readonly page: Page;
  /** What the page holds, or will when the batch has been read. */
  readonly tokens: number[];
  /** How many of them it holds now. */
  ready: number;
  /** Number of the batch that used it last. */
  used: number;
  readonly siblings: Set<Node>;
  /** What came after it; only a full page has any. */
  readonly children: Set<Node>;
}

/** Texts that were read. */
export interface PrefixTree extends Disposable {
  /** Bytes of the pages. */
  readonly bytes: number;
  /**
   * Finds what is known of a text, and makes room for the rest, which counts as known from then on:
   * a batch's readings must be read in their order, all of them.
   */
  enter(text: readonly number[]): Pick<Reading, "pages" | "cached">;
  /** The batch has been read. */
  settle(): void;
  /** Forgets all. */
  clear(): void;
}

/**
 * A tree without texts.
 *
 * @param memory bytes that the pages may take; only a batch whose own texts are longer takes more.
 */
export function prefixTree(pages: Pages, memory: number): PrefixTree {
  const roots = new Set<Node>();
  let all = new Set<Node>(); // the longest unused first
  let batch = 1;
  let open: Node[] = []; // to be settled

  const use = (node: Node) => {
    node.used = batch;
    all.delete(node);
    all.add(node);
  };
  const makeRoom = () => {
    if ((all.size + 1) * pages.bytes <= memory) return;
    for (const node of all) {
      if (node.used === batch) return;
      if (node.children.size > 0) continue;
      node.page[Symbol.dispose]();
      node.siblings.delete(node);
      all.delete(node);
      return;
    }
  };

  return {
    get bytes() {
      return all.size * pages.bytes;
    },
    enter(text) {
      const path: Page[] = [];
      let siblings = roots, cached = -1;
      for (let at = 0; at < text.length; at += PAGE) {
        const wanted = Math.min(PAGE, text.length - at);
        let node: Node | undefined, common = 0;
        for (const sibling of siblings) {
          const length = commonLength(sibling.tokens, text, at);
          if (length > common) [node, common] = [sibling, length];
        }
        if (node === undefined || common < Math.min(wanted, node.tokens.length)) {
          // The texts part within the page, which stays the other text's.
          common = Math.min(common, node?.ready ?? 0);
          if (node) use(node);
          makeRoom();
          const page = common > 0 ? node!.page.copy(common) : pages.make();
          const tokens = text.slice(at, at + common);
          node = { page, tokens, ready: common, used: 0, siblings, children: new Set() };
          siblings.add(node);
        }
        if (common < wanted) {
          if (cached < 0) cached = at + common;
          for (let i = common; i < wanted; i++) node.tokens.push(text[at + i]);
          open.push(node);
        }
        use(node);
        path.push(node.page);
        siblings = node.children;
      }
      return { pages: path, cached: cached < 0 ? text.length : cached };
    },
    settle() {
      for (const node of open) node.ready = node.tokens.length;
      open = [];
      batch++;
    },
    clear() {
      for (const { page } of all) page[Symbol.dispose]();
      all = new Set();
      open = [];
      roots.clear();
    },
    [Symbol.dispose]() {
      this.clear();
    },
  };
}

/** How many tokens of a page are those of the text from `at` on. */
function commonLength(tokens: readonly number[], text: readonly number[], at: number): number {
  const n = Math.min(tokens.length, text.length - at);
  let i = 0;
  while (i < n && tokens[i] === text[at + i]) i++;
  return i;
}
