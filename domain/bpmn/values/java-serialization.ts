import type { Value } from './value.ts';

/*
 * Lists and maps of `camunda:inputOutput` are Java objects in Camunda, which its REST API shows serialized. This writes the
 * same bytes, so that clients in Java read them as before.
 *
 * Source: Java Object Serialization Specification, chapter 6, "Object Serialization Stream Protocol":
 * https://docs.oracle.com/javase/8/docs/platform/serialization/spec/protocol.html
 */

/** In a variable's `info`: the serialized object, beside the JSON that the machine works with. */
export const JAVA_SERIALIZED = 'javaSerialized';

/** What can be written: the values of expressions, and collections of them. */
export type JavaValue =
  | Value
  | { readonly list: readonly JavaValue[] }
  | { readonly map: ReadonlyMap<string, JavaValue> };

const NULL = 0x70;
const REFERENCE = 0x71;
const CLASS = 0x72;
const OBJECT = 0x73;
const STRING = 0x74;
const BLOCK = 0x77;
const END = 0x78;
const LONG_STRING = 0x7c;
const FIRST_HANDLE = 0x7e0000;

interface JavaClass {
  readonly name: string;
  /** serialVersionUID, as 16 hexadecimal digits. */
  readonly uid: string;
  /** 2: serializable; 3: it also writes data of its own. */
  readonly flags: 2 | 3;
  /** A field's type code and name; behind it the name of an object's type. */
  readonly fields: readonly (readonly [code: string, name: string, type?: string])[];
  readonly above?: JavaClass;
}

const NUMBER: JavaClass = {
  name: 'java.lang.Number',
  uid: '86ac951d0b94e08b',
  flags: 2,
  fields: [],
};
const number = (name: string, uid: string, code: string): JavaClass => ({
  name: `java.lang.${name}`,
  uid,
  flags: 2,
  fields: [[code, 'value']],
  above: NUMBER,
});
const CLASSES: Readonly<Record<string, JavaClass>> = {
  Short: number('Short', '684d37133460da52', 'S'),
  Integer: number('Integer', '12e2a0a4f7818738', 'I'),
  Long: number('Long', '3b8be490cc8f23df', 'J'),
  Double: number('Double', '80b3c24a296bfb04', 'D'),
  Boolean: {
    name: 'java.lang.Boolean',
    uid: 'cd207280d59cfaee',
    flags: 2,
    fields: [['Z', 'value']],
  },
};
const DATE: JavaClass = { name: 'java.util.Date', uid: '686a81014b597419', flags: 3, fields: [] };
const LIST: JavaClass = {
  name: 'java.util.ArrayList',
  uid: '7881d21d99c7619d',
  flags: 3,
  fields: [['I', 'size']],
};
const MAP: JavaClass = {
  name: 'java.util.TreeMap',
  uid: '0cc1f63e2d256ae6',
  flags: 3,
  fields: [['L', 'comparator', 'Ljava/util/Comparator;']],
};

/** As Java writes text: U+0000 in two bytes, and each half of a surrogate pair by itself, in three. */
function modifiedUtf8(text: string): Buffer {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0 && unit < 0x80) bytes.push(unit);
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
  }
  return Buffer.from(bytes);
}

/** @returns the serialized object, in base64 */
export function serializeJava(value: JavaValue): string {
  const parts: Buffer[] = [];
  const handles = new Map<unknown, number>();
  const bytes = (...given: number[]): void => void parts.push(Buffer.from(given));
  const ofSize = (size: number, write: (buffer: Buffer) => void): void => {
    const buffer = Buffer.alloc(size);
    write(buffer);
    parts.push(buffer);
  };
  const int = (one: number): void => ofSize(4, (buffer) => buffer.writeInt32BE(one));
  const utf = (text: string): void => {
    const encoded = modifiedUtf8(text);
    ofSize(2, (buffer) => buffer.writeUInt16BE(encoded.length));
    parts.push(encoded);
  };
  const remember = (key: unknown): void => void handles.set(key, FIRST_HANDLE + handles.size);

  function writeClass(described: JavaClass): void {
    const known = handles.get(described);
    if (known !== undefined) {
      bytes(REFERENCE);
      int(known);
      return;
    }
    bytes(CLASS);
    utf(described.name);
    parts.push(Buffer.from(described.uid, 'hex'));
    remember(described);
    bytes(described.flags, 0, described.fields.length);
    for (const [code, name, type] of described.fields) {
      parts.push(Buffer.from(code));
      utf(name);
      if (type !== undefined) writeText(type);
    }
    bytes(END);
    if (described.above) writeClass(described.above);
    else bytes(NULL);
  }

  function writeText(text: string): void {
    const encoded = modifiedUtf8(text);
    if (encoded.length < 2 ** 16) {
      bytes(STRING);
      ofSize(2, (buffer) => buffer.writeUInt16BE(encoded.length));
    } else {
      bytes(LONG_STRING);
      ofSize(8, (buffer) => buffer.writeBigInt64BE(BigInt(encoded.length)));
    }
    parts.push(encoded);
    remember(Symbol(text));
  }

  function open(described: JavaClass): void {
    bytes(OBJECT);
    writeClass(described);
    remember(Symbol(described.name));
  }

  function write(one: JavaValue): void {
    if ('list' in one) {
      open(LIST);
      int(one.list.length);
      writeItems(one.list.length, one.list);
    } else if ('map' in one) {
      open(MAP);
      bytes(NULL);
      const sorted = [...one.map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      writeItems(
        one.map.size,
        sorted.flatMap(([key, item]) => [{ type: 'String', value: key }, item]),
      );
    } else {
      writeValue(one);
    }
  }

  function writeItems(size: number, items: readonly JavaValue[]): void {
    bytes(BLOCK, 4);
    int(size);
    for (const item of items) write(item);
    bytes(END);
  }

  function writeValue({ type, value: own }: Value): void {
    const described = CLASSES[type];
    if (own === null) {
      bytes(NULL);
    } else if (type === 'Date') {
      open(DATE);
      bytes(BLOCK, 8);
      ofSize(8, (buffer) => buffer.writeBigInt64BE(BigInt(Date.parse(String(own)))));
      bytes(END);
    } else if (!described) {
      writeText(String(own));
    } else {
      open(described);
      writePrimitive(type, own);
    }
  }

  function writePrimitive(type: string, own: unknown): void {
    if (type === 'Boolean') bytes(own === true ? 1 : 0);
    else if (type === 'Double') ofSize(8, (buffer) => buffer.writeDoubleBE(Number(own)));
    else if (type === 'Long') ofSize(8, (buffer) => buffer.writeBigInt64BE(BigInt(String(own))));
    else if (type === 'Short') ofSize(2, (buffer) => buffer.writeInt16BE(Number(own)));
    else int(Number(own));
  }

  bytes(0xac, 0xed, 0, 5);
  write(value);
  return Buffer.concat(parts).toString('base64');
}
