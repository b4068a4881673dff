-- For wrk: announces of other peers to other swarms in turn, made before the clock starts.
-- Arguments: a file with an info-hash in hexadecimal on each line, and `close` or `keep-alive`.

local REQUESTS = 50000
local requests, at = {}, 0

function init(args)
  local hashes = {}
  for line in io.lines(args[1]) do
    hashes[#hashes + 1] = line:gsub("%x%x", "%%%0")
  end
  math.randomseed(1)
  for i = 1, REQUESTS do
    local peer_id = ("-LT2000-%012d"):format(i)
    local left = i % 4 == 0 and 100 or 0
    requests[i] = ("GET /announce?info_hash=%s&peer_id=%s&port=%d&uploaded=0&downloaded=0&left=%d"
      .. "&compact=1&numwant=30 HTTP/1.1\r\nHost: tracker\r\nUser-Agent: bench\r\nConnection: %s\r\n\r\n")
      :format(hashes[math.random(#hashes)], peer_id, 1024 + i, left, args[2])
  end
end

function request()
  at = at % REQUESTS + 1
  return requests[at]
end
