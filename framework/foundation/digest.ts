/** The digest of a text or of bytes, in hex. node:crypto is loaded with the first one: a start that needs none saves 10 ms. */
export function digestOf(algorithm: 'sha256' | 'md5', content: string | Uint8Array): string {
  return process.getBuiltinModule('node:crypto').hash(algorithm, content);
}
