export function word(state: "online" | "silent" | "offline"): string {
  switch (state) {
    case "online":
      return "here";
    case "silent":
      return "perhaps";
  }
  return "";
}
