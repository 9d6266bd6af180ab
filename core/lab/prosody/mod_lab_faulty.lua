-- A server with a fault behind the making of an account: the account is there, and the client is told that it failed.

local filters = require "util.filters";
local st = require "util.stanza";

local function fail(stanza, session)
	local is_made = session.type == "c2s_unauthed" and stanza.name == "iq" and stanza.attr.type == "result" and #stanza.tags == 0;
	if not is_made then return stanza; end
	return st.stanza("iq", { type = "error", id = stanza.attr.id })
		:tag("error", { type = "cancel" })
		:tag("internal-server-error", { xmlns = "urn:ietf:params:xml:ns:xmpp-stanzas" }):reset();
end

local function on_session(session)
	if session.type and session.type:match("^c2s") then filters.add_filter(session, "stanzas/out", fail); end
end

function module.load() filters.add_filter_hook(on_session); end
function module.unload() filters.remove_filter_hook(on_session); end
