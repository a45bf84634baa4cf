export const wordsThatStayOnOneLine = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten!?!"];
