/** Whether a device can be heard: a dot and the word. */
export const Presence = ({ presence }: { readonly presence: string }) => (
  <span className="presence" data-presence={presence}>
    {presence}
  </span>
);
