const LONGEST = 254;

/** Whether this is one mailbox as servers agree on it, with nothing around it that could become a second one, or a command. */
export const isMailbox = (text: string): boolean =>
  text.length <= LONGEST &&
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/.test(
    text,
  );
