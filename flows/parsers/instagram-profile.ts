import type { Parse } from '../../framework/scrape/steps/flow-module.ts';

/** A profile, as the Graph API or a provider of RapidAPI tells it. */
const parse: Parse = (body, { api }) => {
  const user = api === 'graphapi' ? fromGraph(body.business_discovery ?? body) : fromRapid(body.data?.user ?? body.user ?? body);
  return { ...user, handle: user.handle?.toLowerCase() };
};
export default parse;

interface GraphUser {
  readonly id?: string;
  readonly username?: string;
  readonly name?: string;
  readonly biography?: string;
  readonly category_name?: string;
  readonly profile_picture_url?: string;
  readonly is_verified?: boolean;
  readonly followers_count?: number;
  readonly follows_count?: number;
  readonly media_count?: number;
}

function fromGraph(user: GraphUser) {
  return {
    profile_id: user.id,
    handle: user.username,
    full_name: user.name,
    bio: user.biography,
    category: user.category_name,
    picture_url: user.profile_picture_url,
    is_verified: user.is_verified,
    followers: user.followers_count,
    following: user.follows_count,
    posts: user.media_count,
  };
}

interface RapidUser {
  readonly id?: string | number;
  readonly pk?: string | number;
  readonly username?: string;
  readonly full_name?: string;
  readonly biography?: string;
  readonly category?: string;
  readonly profile_pic_url?: string;
  readonly is_verified?: boolean;
  readonly edge_followed_by?: { readonly count?: number };
  readonly edge_follow?: { readonly count?: number };
  readonly edge_owner_to_timeline_media?: { readonly count?: number };
  readonly follower_count?: number;
  readonly following_count?: number;
  readonly media_count?: number;
}

function fromRapid(user: RapidUser) {
  const id = user.pk ?? user.id;
  return {
    profile_id: id === undefined ? undefined : String(id),
    handle: user.username,
    full_name: user.full_name,
    bio: user.biography,
    category: user.category,
    picture_url: user.profile_pic_url,
    is_verified: user.is_verified,
    followers: user.follower_count ?? user.edge_followed_by?.count,
    following: user.following_count ?? user.edge_follow?.count,
    posts: user.media_count ?? user.edge_owner_to_timeline_media?.count,
  };
}
