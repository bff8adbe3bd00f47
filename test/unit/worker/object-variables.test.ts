import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JavaValue, serializeJava } from '../../../domain/bpmn/values/java-serialization.ts';
import { readObjectVariable } from '../../../infrastructure/worker/object-variables.ts';

const JAVA = 'application/x-java-serialized-object';
const read = (value: unknown, serializationDataFormat: string = JAVA): unknown =>
  readObjectVariable({ value, serializationDataFormat });

/** What `ObjectOutputStream` of Java 17 wrote, and what is in it. */
const WRITTEN_BY_JAVA: [what: string, base64: string, json: unknown][] = [
  [
    'ArrayList',
    'rO0ABXNyABNqYXZhLnV0aWwuQXJyYXlMaXN0eIHSHZnHYZ0DAAFJAARzaXpleHAAAAARdwQAAAARdAABYXNyABFqYX' +
      'ZhLmxhbmcuSW50ZWdlchLioKT3gYc4AgABSQAFdmFsdWV4cgAQamF2YS5sYW5nLk51bWJlcoaslR0LlOCLAgAAeHAA' +
      'AAAFc3IADmphdmEubGFuZy5Mb25nO4vkkMyPI98CAAFKAAV2YWx1ZXhxAH4ABAAAAAAAAAAFc3EAfgAG//////////' +
      'lzcQB+AAZ//////////3NyAA9qYXZhLmxhbmcuU2hvcnRoTTcTNGDaUgIAAVMABXZhbHVleHEAfgAEAANzcgAOamF2' +
      'YS5sYW5nLkJ5dGWcTmCE7lD1HAIAAUIABXZhbHVleHEAfgAE/nNyABBqYXZhLmxhbmcuRG91YmxlgLPCSilr+wQCAA' +
      'FEAAV2YWx1ZXhxAH4ABD/4AAAAAAAAc3IAD2phdmEubGFuZy5GbG9hdNrtyaLbPPDsAgABRgAFdmFsdWV4cQB+AARA' +
      'IAAAc3IAEWphdmEubGFuZy5Cb29sZWFuzSBygNWc+u4CAAFaAAV2YWx1ZXhwAXNxAH4AEgBzcgATamF2YS5sYW5nLk' +
      'NoYXJhY3RlcjSLR9lrGiZ4AgABQwAFdmFsdWV4cABjcHNyAA5qYXZhLnV0aWwuRGF0ZWhqgQFLWXQZAwAAeHB3CAAA' +
      'AaMYXFB7eHEAfgACdAARR3LDvMOfZSDtoL3tuYIgwIBzcQB+AAAAAAACdwQAAAACc3EAfgADAAAAAXNxAH4AAAAAAA' +
      'B3BAAAAAB4eHg=',
    [
      ...['a', 5, 5, -7, '9223372036854775807', 3, -2, 1.5, 2.5, true, false, 'c', null],
      ...['2027-01-15T08:00:00.123Z', 'a', 'Grüße 🙂 \u0000', [1, []]],
    ],
  ],
  [
    'TreeMap',
    'rO0ABXNyABFqYXZhLnV0aWwuVHJlZU1hcAzB9j4tJWrmAwABTAAKY29tcGFyYXRvcnQAFkxqYXZhL3V0aWwvQ29tcG' +
      'FyYXRvcjt4cHB3BAAAAAN0AAFhc3IAE2phdmEudXRpbC5BcnJheUxpc3R4gdIdmcdhnQMAAUkABHNpemV4cAAAAAF3' +
      'BAAAAAF0AAF4eHQAAWJzcgARamF2YS5sYW5nLkludGVnZXIS4qCk94GHOAIAAUkABXZhbHVleHIAEGphdmEubGFuZy' +
      '5OdW1iZXKGrJUdC5TgiwIAAHhwAAAAAnQAAW5weA==',
    { a: ['x'], b: 2, n: null },
  ],
  [
    'HashMap',
    'rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwACRgAKbG9hZEZhY3RvckkACXRocmVzaG9sZHhwP0AAAA' +
      'AAAAx3CAAAABAAAAACc3IAEWphdmEubGFuZy5JbnRlZ2VyEuKgpPeBhzgCAAFJAAV2YWx1ZXhyABBqYXZhLmxhbmcu' +
      'TnVtYmVyhqyVHQuU4IsCAAB4cAAAAAFzcgARamF2YS5sYW5nLkJvb2xlYW7NIHKA1Zz67gIAAVoABXZhbHVleHABdA' +
      'ABa3QAAXZ4',
    { k: 'v', 1: true },
  ],
  [
    'LinkedHashMap',
    'rO0ABXNyABdqYXZhLnV0aWwuTGlua2VkSGFzaE1hcDTATlwQbMD7AgABWgALYWNjZXNzT3JkZXJ4cgARamF2YS51dG' +
      'lsLkhhc2hNYXAFB9rBwxZg0QMAAkYACmxvYWRGYWN0b3JJAAl0aHJlc2hvbGR4cD9AAAAAAAAMdwgAAAAQAAAAA3QA' +
      'AXpzcgARamF2YS5sYW5nLkludGVnZXIS4qCk94GHOAIAAUkABXZhbHVleHIAEGphdmEubGFuZy5OdW1iZXKGrJUdC5' +
      'TgiwIAAHhwAAAAAXQAAWFzcgARamF2YS51dGlsLkNvbGxTZXJXjqu2OhuoEQMAAUkAA3RhZ3hwAAAAAXcEAAAAAnEA' +
      'fgAGc3EAfgAEAAAAAnh0AAFtc3EAfgAIAAAAA3cEAAAAAnQAAXFxAH4ABnh4AA==',
    { z: 1, a: [1, 2], m: { q: 1 } },
  ],
  [
    'LinkedList',
    'rO0ABXNyABRqYXZhLnV0aWwuTGlua2VkTGlzdAwpU11KYIgiAwAAeHB3BAAAAAJzcgARamF2YS5sYW5nLkludGVnZX' +
      'IS4qCk94GHOAIAAUkABXZhbHVleHIAEGphdmEubGFuZy5OdW1iZXKGrJUdC5TgiwIAAHhwAAAAAXNxAH4AAgAAAAJ4',
    [1, 2],
  ],
  [
    'LinkedHashSet',
    'rO0ABXNyABdqYXZhLnV0aWwuTGlua2VkSGFzaFNldNhs11qV3SoeAgAAeHIAEWphdmEudXRpbC5IYXNoU2V0ukSFlZ' +
      'a4tzQDAAB4cHcMAAAAED9AAAAAAAACdAADb25ldAADdHdveA==',
    ['one', 'two'],
  ],
  [
    'Arrays.asList',
    'rO0ABXNyABpqYXZhLnV0aWwuQXJyYXlzJEFycmF5TGlzdNmkPL7NiAbSAgABWwABYXQAE1tMamF2YS9sYW5nL09iam' +
      'VjdDt4cHVyABdbTGphdmEuaW8uU2VyaWFsaXphYmxlO67QCaxT1+1JAgAAeHAAAAACdAABYXNyABFqYXZhLmxhbmcu' +
      'SW50ZWdlchLioKT3gYc4AgABSQAFdmFsdWV4cgAQamF2YS5sYW5nLk51bWJlcoaslR0LlOCLAgAAeHAAAAAB',
    ['a', 1],
  ],
  [
    'List.of',
    'rO0ABXNyABFqYXZhLnV0aWwuQ29sbFNlcleOq7Y6G6gRAwABSQADdGFneHAAAAABdwQAAAADdAABYXQAAWJ0AAFjeA' +
      '==',
    ['a', 'b', 'c'],
  ],
  [
    'Set.of',
    'rO0ABXNyABFqYXZhLnV0aWwuQ29sbFNlcleOq7Y6G6gRAwABSQADdGFneHAAAAACdwQAAAABdAAEb25seXg=',
    ['only'],
  ],
  [
    'list of an enum',
    'rO0ABXNyABNqYXZhLnV0aWwuQXJyYXlMaXN0eIHSHZnHYZ0DAAFJAARzaXpleHAAAAACdwQAAAACfnIAB0ckQ29sb3' +
      'IAAAAAAAAAABIAAHhyAA5qYXZhLmxhbmcuRW51bQAAAAAAAAAAEgAAeHB0AANSRURxAH4ABHg=',
    ['RED', 'RED'],
  ],
  ['array', 'rO0ABXVyABNbTGphdmEubGFuZy5TdHJpbmc7rdJW5+kde0cCAAB4cAAAAAJ0AAFhdAABYg==', ['a', 'b']],
  [
    'list with the same list twice',
    'rO0ABXNyABNqYXZhLnV0aWwuQXJyYXlMaXN0eIHSHZnHYZ0DAAFJAARzaXpleHAAAAACdwQAAAACc3EAfgAAAAAAAX' +
      'cEAAAAAXQAAXN4cQB+AAJ4',
    [['s'], ['s']],
  ],
];

const NOT_JSON: [what: string, base64: string][] = [
  [
    'an object of another class',
    'rO0ABXNyABNqYXZhLnV0aWwuQXJyYXlMaXN0eIHSHZnHYZ0DAAFJAARzaXpleHAAAAABdwQAAAABc3IABUckT3duB8' +
      'jiNyl0dIQCAAFJAAFheHAAAAABeA==',
  ],
  [
    'a list in itself',
    'rO0ABXNyABNqYXZhLnV0aWwuQXJyYXlMaXN0eIHSHZnHYZ0DAAFJAARzaXpleHAAAAABdwQAAAABcQB+AAF4',
  ],
  [
    'a BigDecimal',
    'rO0ABXNyABNqYXZhLnV0aWwuQXJyYXlMaXN0eIHSHZnHYZ0DAAFJAARzaXpleHAAAAABdwQAAAABc3IAFGphdmEubW' +
      'F0aC5CaWdEZWNpbWFsVMcVV/mBKE8DAAJJAAVzY2FsZUwABmludFZhbHQAFkxqYXZhL21hdGgvQmlnSW50ZWdlcjt4' +
      'cgAQamF2YS5sYW5nLk51bWJlcoaslR0LlOCLAgAAeHAAAAABc3IAFGphdmEubWF0aC5CaWdJbnRlZ2VyjPyfH6k7+x' +
      '0DAAZJAAhiaXRDb3VudEkACWJpdExlbmd0aEkAE2ZpcnN0Tm9uemVyb0J5dGVOdW1JAAxsb3dlc3RTZXRCaXRJAAZz' +
      'aWdudW1bAAltYWduaXR1ZGV0AAJbQnhxAH4ABP///////////////v////4AAAABdXIAAltCrPMX+AYIVOACAAB4cA' +
      'AAAAEPeHh4',
  ],
];

describe('a variable of the type Object', () => {
  it.each(WRITTEN_BY_JAVA)(
    'that Java has serialized, %s, is the JSON in it',
    (_what, base64, json) => {
      expect(read(base64)).toEqual(json);
    },
  );

  it.each(NOT_JSON)('that is %s stays as it was given', (_what, base64) => {
    expect(read(base64)).toBe(base64);
  });

  it('that ends too early, or is anything else, stays as it was given', () => {
    const [, whole = ''] = WRITTEN_BY_JAVA[0] ?? [];
    const bytes = Buffer.from(whole, 'base64');
    for (let size = 0; size < bytes.length; size++) {
      const part = bytes.subarray(0, size).toString('base64');
      expect(read(part)).toBe(part);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(bytes.length - 1), (other, at) => {
        const mixed = Buffer.concat([bytes.subarray(0, at), other]).toString('base64');
        expect(() => read(mixed)).not.toThrow();
      }),
    );
  });

  it('that is JSON is read, and stays as it was given when it is not, or of another format', () => {
    expect(read('[1,{"a":null}]', 'application/json')).toEqual([1, { a: null }]);
    expect(read('[1', 'application/json')).toBe('[1');
    expect(read('<a/>', 'application/xml')).toBe('<a/>');
    expect(read(null)).toBeNull();
  });

  it('is read as the machine wrote it for workers in Java', () => {
    const plain: fc.Arbitrary<{ java: JavaValue; json: unknown }> = fc.oneof(
      fc
        .string({ unit: 'binary' })
        .map((value) => ({ java: { type: 'String', value }, json: value })),
      fc.integer().map((value) => ({ java: { type: 'Integer', value }, json: value })),
      fc.maxSafeInteger().map((value) => ({ java: { type: 'Long', value }, json: value })),
      fc.double({ noNaN: true }).map((value) => ({ java: { type: 'Double', value }, json: value })),
      fc.boolean().map((value) => ({ java: { type: 'Boolean', value }, json: value })),
      fc.constant({ java: { type: 'Null', value: null }, json: null }),
      fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') })
        .map((date) => date.toISOString())
        .map((json) => ({ java: { type: 'Date', value: json.replace('Z', '+0000') }, json })),
    );
    const { value } = fc.letrec<{ value: typeof plain extends fc.Arbitrary<infer T> ? T : never }>(
      (tie) => ({
        value: fc.oneof(
          { maxDepth: 3 },
          plain,
          fc.array(tie('value'), { maxLength: 4 }).map((items) => ({
            java: { list: items.map(({ java }) => java) },
            json: items.map(({ json }) => json),
          })),
          fc
            .dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true })
            .map((map) => ({
              java: { map: new Map(Object.entries(map).map(([key, { java }]) => [key, java])) },
              json: Object.fromEntries(Object.entries(map).map(([key, { json }]) => [key, json])),
            })),
        ),
      }),
    );
    fc.assert(
      fc.property(value, ({ java, json }) => {
        expect(read(serializeJava(java))).toEqual(json);
      }),
    );
  });

  it('may be a text of any length', () => {
    const text = 'ü'.repeat(70_000);
    expect(read(serializeJava({ list: [{ type: 'String', value: text }] }))).toEqual([text]);
  });
});
