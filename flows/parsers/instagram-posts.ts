import type { Parse } from '../../framework/scrape/steps/flow-module.ts';
import { estimateReach } from './reach.ts';

/** Posts of a list, or a single one, as the Graph API or a provider of RapidAPI tells them. */
const parse: Parse = (body, { api, params }) => {
  const isGraph = api === 'graphapi';
  const posts: readonly Post[] = body.data ?? body.items ?? [body];
  const records = posts.map((post) => (isGraph ? fromGraph(post) : fromRapid(post)));
  return {
    records: records.map((record) => ({
      ...record,
      profile_id: record.profile_id ?? params.profile_id,
      reach: estimateReach({ mediaType: record.media_type, plays: record.plays, likes: record.likes, followers: record.followers }),
      followers: undefined,
    })),
    page: { next: body.paging?.cursors?.after ?? body.next_cursor },
  };
};
export default parse;

interface Post {
  readonly id?: string;
  readonly pk?: string | number;
  readonly shortcode?: string;
  readonly code?: string;
  readonly caption?: string | { readonly text?: string };
  readonly media_type?: string;
  readonly media_product_type?: string;
  readonly product_type?: string;
  readonly timestamp?: string;
  readonly taken_at?: number;
  readonly like_count?: number;
  readonly comments_count?: number;
  readonly comment_count?: number;
  readonly play_count?: number;
  readonly owner?: { readonly id?: string; readonly followers_count?: number };
  readonly user?: { readonly pk?: string | number; readonly follower_count?: number };
}

function fromGraph(post: Post) {
  return {
    profile_id: post.owner?.id,
    followers: post.owner?.followers_count,
    shortcode: post.shortcode,
    caption: typeof post.caption === 'string' ? post.caption : post.caption?.text,
    media_type: post.media_product_type ?? post.media_type,
    publish_time: post.timestamp,
    likes: post.like_count,
    comments: post.comments_count,
    plays: post.play_count,
  };
}

function fromRapid(post: Post) {
  return {
    profile_id: post.user?.pk === undefined ? undefined : String(post.user.pk),
    followers: post.user?.follower_count,
    shortcode: post.code,
    caption: typeof post.caption === 'string' ? post.caption : post.caption?.text,
    media_type: post.product_type,
    publish_time: post.taken_at,
    likes: post.like_count,
    comments: post.comment_count,
    plays: post.play_count,
  };
}
