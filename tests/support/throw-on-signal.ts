/** For `node --import`: a bug to order. SIGUSR2 throws where nobody catches, SIGHUP rejects where nobody looks. */
const text = process.env.BUG_TEXT ?? 'ordered';

process.on('SIGUSR2', () => {
  throw new Error(`a bug: ${text}`);
});
process.on('SIGHUP', () => {
  void Promise.reject(new Error(`a bug: ${text}`));
});
