/** Gives the reader a text as a file. */
export const saveFile = (name: string, text: string, type = "text/csv;charset=utf-8"): void =>
  saveBlob(name, new Blob([text], { type }));

/** Gives the reader bytes as a file. */
export function saveBlob(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has taken what it needs once the click is over.
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}
