/** The name and the folders of a file below `root`. */
export function nameFile(file: string, root: string): { name: string; file: string; folders: string[] } {
  const folders = file.slice(root.length + 1).split('/');
  const name = (folders.pop() ?? file).replace(/\.(sql|hbs|csv|csv\.gz)$/, '');
  return { name, file, folders };
}
