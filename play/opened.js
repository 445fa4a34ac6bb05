// Browsers run modules and load models only from a server. Opened as a file, the page says so.
if (location.protocol === "file:") {
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("status").textContent =
      "This page was opened as a file, and browsers " +
      "let only a server's pages load a model. Serve its folder: `deno task play` does, or any " +
      "static server.";
  });
}
