import { redisScript } from '../../connections/redis.ts';
import { head, levelWaits } from './redis-level-waits.ts';

// `redis-level-waits.ts` says what the keys hold.

/**
 * Answers several requests, one after the other, all at one time; what they share is read once and written once. ARGV: epoch, keys read,
 * born, levels, requests: of each the numbers of its choices and levels, and of its levels, by choice, level, choice (-1 for all),
 * number of requests, 1 where it is taken and 0 where it is only checked. Answers null where data was lost, or for each {1, choice}, {0,
 * wait in ms, index of the level}, or {2, now in µs, index of each level that needs a block and the id of the last one …}. A request that is
 * not admitted changes nothing.
 */
export const askScript = redisScript(`local read = tonumber(ARGV[2])
${head}
${levelWaits}
local stamp = now == last and got[2] or time[1] .. string.format('%06d', time[2])
local isTaken, most, narrowed = false, {}, {}

local function lacksCalls(a)
  local left = levels[asks[a] + 2]
  return asks[a + 3] == 1 and left > 0 and (tonumber(got[left]) or 0) - (taken[asks[a]] or 0) <= 0
end

local function take(first, final, chosen)
  local spent
  for a = first, final, 4 do
    local level, choice, requests = asks[a], asks[a + 1], asks[a + 2]
    if asks[a + 3] == 1 and (choice < 0 or choice == chosen) then
      taken[level] = (taken[level] or 0) + 1
      if requests > (most[level] or 0) then most[level] = requests end
      local hold = levels[level]
      if got[hold] and not (spent and spent[hold]) then
        spent = spent or {}
        spent[hold], narrowed[hold] = true, true
        local list = holdsOf(hold)
        for i = 1, #list, 2 do list[i] = list[i] - 1 end
      end
      if levels[level + 4] == 1 then counts[level] = counts[level] + 1 end
    end
  end
  isTaken = true
end

local function ask(first, final, choices)
  local wait, blocking = 0, 0
  local waits, worst, current = nil, nil, -1
  local lacking = nil
  for a = first, final, 4 do
    local choice = asks[a + 1]
    if choice > current then
      waits, worst = waits or {}, worst or {}
      if choice > current + 1 or (current >= 0 and waits[current] == 0) then break end
      current, waits[choice] = choice, 0
    end
    local one = waitFor(asks[a], asks[a + 2])
    if choice < 0 then
      if one > wait then wait, blocking = one, a end
    elseif one > waits[choice] then
      waits[choice], worst[choice] = one, a
    end
    if lacksCalls(a) then lacking = lacking or {2, stamp} end
  end
  local chosen = 0
  if waits then
    for choice = 1, choices - 1 do
      if (waits[chosen] or 0) > (waits[choice] or 0) then chosen = choice end
    end
    local least = waits[chosen] or 0
    if least > wait then wait, blocking = least, worst[chosen] end
  end
  if wait > 0 then return {0, math.ceil(wait / 1000), (blocking - first) / 4} end
  if lacking then
    for a = first, final, 4 do
      if (asks[a + 1] < 0 or asks[a + 1] == chosen) and lacksCalls(a) then
        lacking[#lacking + 1] = (a - first) / 4
        lacking[#lacking + 1] = got[levels[asks[a] + 2] + 1] or '0'
      end
    end
    if #lacking > 2 then return lacking end
  end
  take(first, final, chosen)
  return {1, chosen}
end

local function push(calls, times)
  if times == 1 then return call('RPUSH', calls, stamp) end
  local stamps = {}
  for i = 1, times do stamps[i] = stamp end
  return call('RPUSH', calls, unpack(stamps))
end

local function write(level, times)
  local calls, left, perMs = KEYS[levels[level + 1]], levels[level + 2], levels[level + 3]
  if left > 0 then call('DECRBY', KEYS[left], times) end
  if levels[level + 4] == 1 then
    call('SET', calls, string.format('%.0f %d', now - now % (perMs * 1000), counts[level]), 'PX', perMs)
    return
  end
  local length = push(calls, times)
  if length > most[level] then call('LTRIM', calls, -most[level], -1) end
  if left == 0 then
    call('PEXPIRE', calls, string.format('%d', perMs))
  elseif length == times then
    call('PEXPIRE', calls, perMs * 2 + 60000)
  end
end

local answers, a = {}, 1
while asks[a] do
  local final = a + 1 + asks[a + 1] * 4
  answers[#answers + 1] = ask(a + 2, final, asks[a])
  a = final + 1
end
if isTaken then
  for level = 1, #levels, 6 do
    if taken[level] then write(level, taken[level]) end
  end
  for hold in pairs(narrowed) do
    local texts = {}
    for i = 1, #holds[hold], 2 do texts[#texts + 1] = string.format('%d:%.0f', holds[hold][i], holds[hold][i + 1]) end
    call('SET', KEYS[hold], table.concat(texts, ' '), 'KEEPTTL')
  end
  call('SET', KEYS[2], stamp)
end
return answers
`);

/**
 * ARGV: epoch, keys read, born, levels, and of each that is looked at level and number of requests. Answers used, wait in ms and closed for
 * ms of each …, or null where data was lost.
 */
export const inspectScript = redisScript(`local read = tonumber(ARGV[2])
${head}
${levelWaits}
local function callsSince(calls, time)
  local low, high = 0, call('LLEN', calls)
  local length = high
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(call('LINDEX', calls, middle)) > time then high = middle else low = middle + 1 end
  end
  return length - low
end

local states = {}
for a = 1, #asks, 2 do
  local level, requests = asks[a], asks[a + 1]
  local per, isShort = levels[level + 3] * 1000, levels[level + 2] == 0
  local start = now - now % per
  local isFixed = levels[level + 4] == 1
  local used = isFixed and countOf(level, start) or 0
  if not isFixed then used = callsSince(KEYS[levels[level + 1]], now - per) end
  if isShort and born >= (isFixed and start or now - per + 1) then used = requests end
  states[#states + 1] = used
  states[#states + 1] = math.ceil(waitFor(level, requests) / 1000)
  states[#states + 1] = got[levels[level]] and math.ceil(closedFor(levels[level]) / 1000) or 0
end
return states
`);

/** KEYS: epoch, clock, hold. ARGV: epoch, calls left, for how many ms. What is stricter in calls and in time stays. Answers 1, or
 * null where data was lost. */
export const holdScript = redisScript(`local read = 3
${head}
local left, till = tonumber(ARGV[2]), now + ARGV[3] * 1000
local live, latest = {}, till
for others, ends in string.gmatch(got[3] or '', '(%-?%d+):(%d+)') do
  others, ends = tonumber(others), tonumber(ends)
  if others <= left and ends >= till then return 1 end
  if ends > now and (others < left or ends > till) then
    live[#live + 1] = string.format('%d:%.0f', others, ends)
    latest = math.max(latest, ends)
  end
end
live[#live + 1] = string.format('%d:%.0f', left, till)
while #live > 8 do
  local a, b = string.match(table.remove(live, 1), '(%-?%d+):(%d+)')
  local c, d = string.match(live[1], '(%-?%d+):(%d+)')
  live[1] = string.format('%d:%.0f', math.min(a, c), math.max(b, d))
end
call('SET', KEYS[3], table.concat(live, ' '), 'PX', math.ceil((latest - now) / 1000) + 1000)
return 1
`);
