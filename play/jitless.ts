/**
 * Keeps zod from compiling its checks with `new Function`, which the page's security policy forbids.
 * Imported before any schema is made.
 *
 * @module
 */

import { config } from "zod";

config({ jitless: true });
