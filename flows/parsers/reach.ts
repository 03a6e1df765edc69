/** What the reach of a post is estimated from; unknown counts as zero. */
export interface ReachInput {
  readonly mediaType: string | undefined;
  readonly plays: number | undefined;
  readonly likes: number | undefined;
  readonly followers: number | undefined;
}

/**
 * Estimated reach of a post, 0 at least: of reels plays x (0.94 - log2(followers) x 0.001), of others
 * (7.6 - log10(likes) x 0.7) x 0.85 x likes. Without followers, plays or likes it is 0.
 */
export function estimateReach({ mediaType, plays = 0, likes = 0, followers = 0 }: ReachInput): number {
  const isReel = /reel|clip/i.test(mediaType ?? '');
  if (isReel) return followers > 0 && plays > 0 ? Math.max(0, plays * (0.94 - Math.log2(followers) * 0.001)) : 0;
  return likes > 0 ? Math.max(0, (7.6 - Math.log10(likes) * 0.7) * 0.85 * likes) : 0;
}
