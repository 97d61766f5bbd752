/** The order of names in every list: as the browser's language has it, whatever the case, and 2 before 10. */
export const collator = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });
