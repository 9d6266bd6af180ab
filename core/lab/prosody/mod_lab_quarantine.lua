-- What the public recipe against spammers does to an account that was registered through Tor or another proxy (JabberSPAM,
-- "Restricting account registrations from open proxies"), here to every account: it may talk to itself and to services, not
-- to people. It is told so by a message from the server, which waits for its first login.

local jid_bare = require "util.jid".bare;
local st = require "util.stanza";

local told = "Your account is restricted because you registered from Tor or an open proxy. Ask the support to lift this.";
local refused = "Your account is suspended. Contact support.";

module:hook("user-registered", function (event)
	module:send(st.message({ from = module.host, to = event.username.."@"..module.host, type = "chat" }, told));
end);

-- A test lifts it by a file of this name, as a server does that begins with it later.
local function is_lifted()
	local file = io.open(module:get_directory().."/lifted");
	return file ~= nil and file:close();
end

local function is_barred(stanza, account)
	if is_lifted() then return false; end
	-- Prosody takes the receiver away where it is the own account.
	local to = stanza.attr.to;
	if not to or jid_bare(to) == account then return false; end
	local kind = stanza.attr.type;
	if stanza.name == "presence" then return kind == "subscribe"; end
	return kind ~= "error" and kind ~= "groupchat";
end

local function on_stanza(event)
	local client, stanza = event.origin, event.stanza;
	if not is_barred(stanza, client.username.."@"..client.host) then return; end
	client.send(st.error_reply(stanza, "cancel", "not-allowed", refused));
	return true;
end

for _, kind in ipairs({ "message", "presence" }) do
	for _, receiver in ipairs({ "bare", "full", "host" }) do
		module:hook("pre-"..kind.."/"..receiver, on_stanza, 100);
	end
end
