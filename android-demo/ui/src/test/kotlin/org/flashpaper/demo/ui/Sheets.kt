package org.flashpaper.demo.ui

/** Scenes side by side, as in the docs. */
internal class Sheet(val scenes: List<String>, val format: Format = Format(360, 740))

private fun sheet(vararg scenes: String) = Sheet(scenes.toList())

internal val SHEETS: Map<String, Sheet> = mapOf(
    "start" to sheet("start", "start-bridges", "creating-tor", "creating-captcha", "creating-form"),
    "problems" to sheet("start-bridge-fault", "creating-blocked", "creating-clock", "creating-refused", "creating-web-page"),
    "burners" to sheet("burners-empty", "burners", "burners-removals", "burners-held-back", "burners-not-finished"),
    "restore" to sheet("restore", "restore-faulty", "restore-busy", "unlock-passphrase-wrong", "unlock-damaged"),
    "contacts" to sheet("contacts-empty", "contacts", "contacts-add", "contacts-own-code"),
    "chat" to sheet("chat-plain", "chat-waiting", "chat-private", "chat-they-verified-you", "chat-verified"),
    "chat-stopped" to sheet("chat-key-changed", "chat-key-accept", "chat-finished", "chat-stranger"),
    "chat-more" to sheet("chat-blocked", "chat-held-back", "chat-burning", "chat-messages", "chat-link"),
    "verify" to sheet("verify-secret", "verify-asked", "verify-different", "verify-digits"),
    "burn" to sheet("burn-held", "burn-without-tor", "burned", "burned-waits"),
    "settings" to sheet("settings-of-burner", "settings-history", "settings-expiry", "words"),
    "passphrases" to sheet("settings-passphrases"),
    "panic" to sheet("panic", "panic-slid", "panic-done", "panic-remains"),
    "dark" to Sheet(listOf("start", "burners", "chat-messages", "chat-key-changed"), Format(360, 740, isDark = true)),
    "persian" to Sheet(listOf("start", "contacts", "chat-messages", "verify-digits"), Format(360, 740, language = Language.PERSIAN)),
    "large-text" to Sheet(listOf("start", "contacts", "chat-private", "burn"), Format(320, 740, letters = 2f)),
    "wide" to Sheet(listOf("contacts", "chat-messages"), Format(840, 600)),
)
