/*
 * Reads what Java has serialized. Nothing of it is run, and no class is needed: the stream describes its classes itself.
 *
 * Source: Java Object Serialization Specification, chapter 6, "Object Serialization Stream Protocol":
 * https://docs.oracle.com/javase/8/docs/platform/serialization/spec/protocol.html
 */

/** What a stream has: null, numbers, texts and booleans of Java, and what is made of them. */
export type JavaContent =
  | null
  | boolean
  | number
  | bigint
  | string
  | JavaObject
  | { readonly array: readonly JavaContent[] }
  | { readonly constant: string };

export interface JavaObject {
  readonly className: string;
  /** Of the class and of all above it. */
  readonly fields: Map<string, JavaContent>;
  /** What the class has written itself: bytes, and contents. */
  readonly written: (Buffer | { readonly content: JavaContent })[];
}

interface JavaClass {
  readonly name: string;
  readonly flags: number;
  readonly fields: { readonly code: string; readonly name: string }[];
  above: JavaClass | null;
}

const START = 0xaced0005;
const FIRST_HANDLE = 0x7e0000;
const END = Symbol('the end of what a class has written');
/** Flags of a class: it writes itself; it is written by its fields; it is externalizable. */
const [WRITES, BY_FIELDS, EXTERNALIZABLE] = [1, 2, 4];
/** Objects within objects. */
const MAX_DEPTH = 200;

/** @throws Error when it is no stream of one object, or has what cannot be read without the class */
export function readJavaStream(bytes: Buffer): JavaContent {
  const handles: unknown[] = [];
  let at = 0;
  let depth = 0;

  const take = (size: number): Buffer => {
    if (size < 0 || at + size > bytes.length) throw new Error('the stream ends too early');
    at += size;
    return bytes.subarray(at - size, at);
  };
  const byte = (): number => take(1).readUInt8();
  const int = (): number => take(4).readInt32BE();
  const utf = (size = take(2).readUInt16BE()): string => modifiedUtf8(take(size));
  const remember = <T>(value: T): T => {
    handles.push(value);
    return value;
  };

  function readReference(): unknown {
    const handle = int() - FIRST_HANDLE;
    if (!(handle in handles)) throw new Error('a reference leads nowhere');
    return handles[handle];
  }

  function readContent(code = byte()): JavaContent {
    if (++depth > MAX_DEPTH) throw new Error('the objects are too deep');
    try {
      return readByCode(code);
    } finally {
      depth--;
    }
  }

  function readByCode(code: number): JavaContent {
    switch (code) {
      case 0x70:
        return null;
      case 0x71:
        return readReference() as JavaContent;
      case 0x73:
        return readObject();
      case 0x74:
        return remember(utf());
      case 0x7c:
        return remember(utf(Number(take(8).readBigInt64BE())));
      case 0x75:
        return readArray();
      case 0x7e:
        return readConstant();
      default:
        throw new Error(`a content of the kind 0x${code.toString(16)} cannot be read`);
    }
  }

  function readClass(): JavaClass | null {
    const code = byte();
    if (code === 0x70) return null;
    if (code === 0x71) return readReference() as JavaClass;
    if (code !== 0x72) throw new Error('a class cannot be read');
    const name = utf();
    take(8);
    const described: JavaClass = remember({ name, flags: 0, fields: [], above: null });
    const flags = byte();
    const fields = Array.from({ length: take(2).readUInt16BE() }, () => {
      const field = { code: String.fromCharCode(byte()), name: utf() };
      if (field.code === '[' || field.code === 'L') readContent();
      return field;
    });
    // Annotations of the class, which streams of the engines do not have.
    while (readWritten() !== END);
    return Object.assign(described, { flags, fields, above: readClass() });
  }

  /** Bytes or a content that a class has written itself. */
  function readWritten(): Buffer | { content: JavaContent } | typeof END {
    const code = byte();
    if (code === 0x78) return END;
    if (code === 0x77) return take(byte());
    if (code === 0x7a) return take(int());
    return { content: readContent(code) };
  }

  function readObject(): JavaObject {
    const described = readClass();
    if (!described) throw new Error('an object has no class');
    const object: JavaObject = { className: described.name, fields: new Map(), written: [] };
    remember(object);
    for (const one of withAbove(described)) {
      if (one.flags & EXTERNALIZABLE) throw new Error(`${one.name} writes itself in its own way`);
      if (!(one.flags & BY_FIELDS)) continue;
      for (const { code, name } of one.fields) object.fields.set(name, readField(code));
      if (!(one.flags & WRITES)) continue;
      for (let part = readWritten(); part !== END; part = readWritten()) object.written.push(part);
    }
    return object;
  }

  function readArray(): JavaContent {
    const described = readClass();
    const array: JavaContent[] = [];
    remember({ array });
    const code = described?.name.charAt(1) ?? '';
    for (let left = int(); left > 0; left--) array.push(readField(code));
    return { array };
  }

  function readConstant(): JavaContent {
    readClass();
    const made = { constant: '' };
    remember(made);
    made.constant = String(readContent());
    return made;
  }

  function readField(code: string): JavaContent {
    switch (code) {
      case 'B':
        return take(1).readInt8();
      case 'C':
        return String.fromCharCode(take(2).readUInt16BE());
      case 'D':
        return take(8).readDoubleBE();
      case 'F':
        return take(4).readFloatBE();
      case 'I':
        return int();
      case 'J':
        return take(8).readBigInt64BE();
      case 'S':
        return take(2).readInt16BE();
      case 'Z':
        return byte() !== 0;
      default:
        return readContent();
    }
  }

  if (take(4).readUInt32BE() !== START) throw new Error('it is no serialized Java object');
  const content = readContent();
  if (at !== bytes.length) throw new Error('something follows the object');
  return content;
}

/** A class behind all that it extends. */
function withAbove(described: JavaClass): JavaClass[] {
  const line: JavaClass[] = [];
  for (let one: JavaClass | null = described; one; one = one.above) line.unshift(one);
  return line;
}

/** Java writes U+0000 in two bytes, and each half of a surrogate pair in three. */
function modifiedUtf8(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    if (first < 0x80) {
      text += String.fromCharCode(first);
      at += 1;
    } else if (first < 0xe0) {
      text += String.fromCharCode(((first & 0x1f) << 6) | (second & 0x3f));
      at += 2;
    } else {
      const unit = ((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
      text += String.fromCharCode(unit);
      at += 3;
    }
  }
  return text;
}
