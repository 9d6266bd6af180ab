-- A server that takes no stanza longer than any server has to take (RFC 6120, section 13.12): it says so (XEP-0478), and ends
-- the stream of whoever sends one.

local filters = require "util.filters";
local st = require "util.stanza";

local most = 10000;

module:hook("stream-features", function (event)
	event.features:add_child(st.stanza("limits", { xmlns = "urn:xmpp:stream-limits:0" })
		:text_tag("max-bytes", tostring(most)));
end);

module:hook("resource-bind", function (event)
	filters.add_filter(event.session, "stanzas/in", function (stanza, session)
		if #tostring(stanza) <= most then return stanza; end
		session:close({ condition = "policy-violation", text = "this stanza is too long" });
	end);
end);
