import { redisScript } from '../../connections/redis.ts';

// What begins an epoch, and what gives a level more calls in it; `redis-level-waits.ts` says what the keys hold.

/**
 * KEYS: epoch, calls, left, block. ARGV: epoch, the block that is used up, the new one, its calls, when it ends in ms, and when the last of
 * its calls is out of the window. Answers 1; 0 where another block took its place; -1 where data was lost.
 */
export const grantScript = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
if (redis.call('GET', KEYS[4]) or '0') ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[3], ARGV[4])
redis.call('SET', KEYS[4], ARGV[3])
redis.call('PEXPIREAT', KEYS[3], ARGV[5])
redis.call('PEXPIREAT', KEYS[4], ARGV[5])
redis.call('PEXPIREAT', KEYS[2], ARGV[6])
return 1
`);

/**
 * KEYS: epoch, clock, claim. ARGV: run, the name of a claim. Answers the epoch where it holds. Else the claim of whoever restores the
 * counts is noted, if there is one, and the answer is null.
 */
export const claimScript = redisScript(`
local marks = redis.call('MGET', KEYS[1], KEYS[2])
local time = redis.call('TIME')
local steppedBack = marks[2] and marks[2] - (time[1] * 1000000 + time[2]) > 60000000
if marks[1] and marks[2] and not steppedBack and string.match(marks[1], ' (%x+) ') == ARGV[1] then return marks[1] end
if ARGV[2] ~= '' then redis.call('SET', KEYS[3], ARGV[2], 'PX', 300000) end
return false
`);

/** Puts back the calls of one level. KEYS: claim, calls. ARGV: claim, fixed, window in ms, then number and age in ms of calls, oldest first … */
export const restoreScript = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local per = ARGV[3] * 1000
local start, count = now - now % per, 0
for i = 4, #ARGV, 2 do
  local calls, at = tonumber(ARGV[i]), now - ARGV[i + 1] * 1000
  if ARGV[2] == '1' then
    if at >= start then count = count + calls end
  else
    local stamp = string.format('%.0f', at)
    for _ = 1, calls do redis.call('RPUSH', KEYS[2], stamp) end
  end
end
if ARGV[2] == '1' then redis.call('SET', KEYS[2], string.format('%.0f %d', start, count)) end
redis.call('PEXPIRE', KEYS[2], ARGV[3] * 2 + 60000)
return 1
`);

/**
 * Opens an epoch. KEYS: epoch, clock, claim, then holds. ARGV: claim, number, run, 1 where PostgreSQL knows of no other epoch, then for how
 * many ms what the holds are of is closed. Answers the epoch, or null where the claim is not there any more.
 */
export const beginScript = redisScript(`
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return false end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local isNew = ARGV[4] == '1' and redis.call('EXISTS', KEYS[1]) == 0
local epoch = ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. (isNew and '0' or string.format('%.0f', now))
redis.call('DEL', KEYS[3])
for i = 4, #KEYS do redis.call('SET', KEYS[i], string.format('0:%.0f', now + ARGV[i + 1] * 1000), 'PX', ARGV[i + 1] + 1000) end
redis.call('SET', KEYS[2], string.format('%.0f', now))
redis.call('SET', KEYS[1], epoch)
return epoch
`);
