-- The tables that the queries of golden.sql read.
create database g engine = Memory;
create table g.post (
  id UInt64, handle String, title Nullable(String), views UInt64, likes UInt64, posted DateTime, tags Array(String), stats Map(String, UInt64),
  place Tuple(city String, country String), media Nested(url String, width UInt32), images Array(Tuple(url String, size UInt32))
) engine = ReplacingMergeTree order by (handle, cityHash64(id)) sample by cityHash64(id);
create table g.account (handle String, name String, country String, followers UInt64, updated DateTime) engine = Null;
create table g.follower (handle String, follower String, since Date) engine = Null;
create table g.category (id UInt64, parent UInt64, name String) engine = Null;
create table g.known (handle String) engine = Set;
create table g.label (id UInt64, text String) engine = Join(any, left, id);
create table g.`odd table` (`the name` String, `a.b` String) engine = Null;
create table g.computed (a UInt8, double UInt16 alias a * 2, kept UInt16 materialized a + 1) engine = Null;
create table g.raw (id UInt64, payload JSON, kind Variant(UInt64, String), any_value Dynamic) engine = Null;
create dictionary g.geo (country String, region String, currency String) primary key country source(null()) layout(complex_key_hashed()) lifetime(0);
