"""Executes the notebook NOTEBOOK by nbclient and writes it to OUTPUT: NOTEBOOK OUTPUT FOLDER."""
import sys
import nbformat
from nbclient import NotebookClient

notebook, output, folder = sys.argv[1:]
nb = nbformat.read(notebook, as_version=4)
NotebookClient(
    nb, kernel_name="deno", timeout=1800, startup_timeout=300, resources={"metadata": {"path": folder}}
).execute()
nbformat.write(nb, output)
