-- An attacker at the server, for tests: reads and holds back the messages to an account, delivers what it likes in
-- anybody's name. Idle unless ordered. Orders and answers are a line each: "ok", "ok JSON", or what is wrong.
--
-- look JID     records everything to the bare JID, also what the server says by itself
-- watch JID    records the messages to the bare JID
-- hold JID     ... and does not deliver them
-- pass JID     neither any more
-- taken JID    what was recorded since this was asked last: stanzas as strings
-- deliver XML  a stanza, with any `from`
-- say XML      a stanza, as if the client had sent it that its `from` names

module:set_global();

local json = require "util.json";
local jid_bare = require "util.jid".bare;
local xml = require "util.xml";

local how = {};
local taken = {};
-- The stanza that is being delivered.
local delivering;

local function on_stanza(event)
	local stanza = event.stanza;
	local account = stanza.attr.to and jid_bare(stanza.attr.to);
	local mode = how[account];
	if not mode or stanza == delivering then return; end
	if mode ~= "look" and (delivering or stanza.name ~= "message") then return; end
	table.insert(taken[account], json.encode(tostring(stanza)));
	if mode == "hold" then return true; end
end

function module.add_host(host)
	-- Before everything else that has to do with a stanza.
	for _, kind in ipairs({ "message", "presence", "iq" }) do
		host:hook(kind.."/bare", on_stanza, 1000);
		host:hook(kind.."/full", on_stanza, 1000);
	end
end

local orders = {};

local function start(mode)
	return function (account)
		how[account], taken[account] = mode, taken[account] or {};
	end;
end

orders.look, orders.watch, orders.hold, orders.pass = start("look"), start("watch"), start("hold"), start(nil);

function orders.taken(account)
	local all = taken[account] or {};
	taken[account] = {};
	return "["..table.concat(all, ",").."]";
end

function orders.deliver(text)
	local stanza = assert(xml.parse(text));
	local to_host = assert(stanza.attr.to, "it needs a receiver"):match("^[^/]*"):match("[^@]*$");
	local origin = assert(prosody.hosts[to_host], "not a host of this server");
	if stanza.attr.xmlns == "jabber:client" then stanza.attr.xmlns = nil; end
	delivering = stanza;
	local ok, err = pcall(prosody.core_post_stanza, origin, stanza);
	delivering = nil;
	assert(ok, err);
end

function orders.say(text)
	local stanza = assert(xml.parse(text));
	local client = assert(prosody.full_sessions[stanza.attr.from], "no such client");
	prosody.core_process_stanza(client, stanza);
end

local function obey(line)
	local word, rest = line:match("^(%a+) (.*)$");
	if not orders[word] then return "no such order"; end
	local ok, answer = pcall(orders[word], rest);
	if not ok then return (tostring(answer):gsub("\n.*", "")); end
	return answer and "ok "..answer or "ok";
end

local buffers = {};
local listener = {};

function listener.onincoming(conn, data)
	local rest = (buffers[conn] or "")..data;
	local line;
	repeat
		buffers[conn] = rest;
		line, rest = rest:match("^([^\n]*)\n(.*)$");
		if line then conn:write(obey(line).."\n"); end
	until not line;
end

function listener.ondisconnect(conn)
	buffers[conn] = nil;
end

module:provides("net", { name = "lab_attacker", listener = listener });
