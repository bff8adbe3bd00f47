/** https://www.w3.org/TR/xml/#NT-NameStartChar without the colon. */
const START =
  'A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}-\\u{200D}\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const NC_NAME = new RegExp(
  `^[${START}][${START}.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}-\\u{2040}-]*$`,
  'u',
);

/** Whether a text is an XML name without colon, as ids in BPMN files are (https://www.w3.org/TR/xml-names/#NT-NCName). */
export function isNcName(text: string): boolean {
  return NC_NAME.test(text);
}

/** Gives the same text for names that differ only in case or Unicode form: file systems and databases may mix them up. */
export function foldName(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}
