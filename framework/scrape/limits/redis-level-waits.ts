/**
 * All that Redis does for limits. Times are its own, in microseconds, and never go back: `clock` keeps the last one that was counted at.
 *
 * - `epoch`: `NUMBER RUN BORN`. Counts hold while it is there and names the run of the server that is asked; else data was lost.
 * - `hold` of a key that a provider narrowed: `LEFT:UNTIL …`, at most so many calls until then; none where it is closed.
 * - `calls` of a level: sliding, a list of the times of its last calls, as many as may be in a window; fixed, `START COUNT` of the window.
 * - `left` of a level with long windows: calls that may be made before PostgreSQL must know of more; `block` is the id of what it knows.
 *
 * KEYS are epoch and clock, then all that is read in one command, then the lists. ARGV begin with epoch and how many keys are read. What
 * `level-table.ts` says of levels and requests comes as JSON, which costs a third of what as many arguments do.
 */
export const head = `
local call = redis.call
local got = call('MGET', unpack(KEYS, 1, math.min(read, 4000)))
for first = 4001, read, 4000 do
  for _, value in ipairs(call('MGET', unpack(KEYS, first, math.min(read, first + 3999)))) do got[#got + 1] = value end
end
if got[1] ~= ARGV[1] or not got[2] then return false end
local time = call('TIME')
local now, last = time[1] * 1000000 + time[2], tonumber(got[2])
if now < last then
  if last - now > 60000000 then return false end
  now = last
end
`;

/** Waits, in microseconds. A level is known by where its row begins: hold, calls, left or 0, ms of its window, 1 for fixed, times it is asked for. */
export const levelWaits = `
local born, levels, asks = tonumber(ARGV[3]), cjson.decode(ARGV[4]), cjson.decode(ARGV[5])
local taken, free, counts, holds = {}, {}, {}, {}

local function holdsOf(hold)
  local list = holds[hold]
  if not list then
    list = {}
    for left, till in string.gmatch(got[hold], '(%-?%d+):(%d+)') do
      list[#list + 1] = tonumber(left)
      list[#list + 1] = tonumber(till)
    end
    holds[hold] = list
  end
  return list
end

local function closedFor(hold)
  local list, wait = holdsOf(hold), 0
  for i = 1, #list, 2 do
    if list[i] <= 0 and list[i + 1] - now > wait then wait = list[i + 1] - now end
  end
  return wait
end

local function countOf(level, start)
  if not counts[level] then
    local from, count = string.match(got[levels[level + 1]] or '', '(%d+) (%d+)')
    counts[level] = from and tonumber(from) == start and tonumber(count) or 0
  end
  return counts[level]
end

local function slidingWait(level, requests, per)
  local mine = taken[level] or 0
  if mine >= requests then return per end
  local known = free[level]
  if known and requests >= known then return 0 end
  local calls = KEYS[levels[level + 1]]
  if not known then
    local others = math.min(levels[level + 5], requests) - 1
    local newest = call('LINDEX', calls, string.format('%d', others - requests))
    if not newest or newest + per <= now then
      free[level] = requests
      return 0
    end
    free[level] = math.huge
    if others == 0 then return newest + per - now end
  end
  local oldest = call('LINDEX', calls, string.format('%d', mine - requests))
  return oldest and math.max(0, oldest + per - now) or 0
end

local function waitFor(level, requests)
  local per, isShort, wait = levels[level + 3] * 1000, levels[level + 2] == 0, 0
  if levels[level + 4] == 0 then
    wait = slidingWait(level, requests, per)
    if isShort and born + per - now > wait then wait = born + per - now end
  else
    local start = now - now % per
    if countOf(level, start) >= requests or (isShort and born >= start) then wait = start + per - now end
  end
  if got[levels[level]] then wait = math.max(wait, closedFor(levels[level])) end
  return wait
end
`;
