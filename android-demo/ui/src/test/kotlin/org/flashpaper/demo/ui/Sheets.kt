package org.flashpaper.demo.ui

/** Scenes side by side, as in the docs. */
internal class Sheet(val scenes: List<String>, val format: Format = Format(360, 740))

private fun sheet(vararg scenes: String) = Sheet(scenes.toList())

internal val SHEETS: Map<String, Sheet> = mapOf(
    "start" to sheet("start", "start-bridges", "creating-tor", "creating-captcha", "creating-form"),
    "problems" to sheet("start-bridge-fault", "creating-blocked", "creating-clock", "creating-refused", "creating-web-page"),
    "burners" to sheet("burners-empty", "burners", "burners-removals", "burners-held-back", "burners-not-finished"),
    "restore" to sheet("restore", "restore-faulty", "restore-busy"),
    "unlock" to sheet("unlock", "unlock-passphrase-wrong", "unlock-damaged"),
    "offline" to sheet("creating-no-network", "contacts-offline", "chat-offline", "test-network"),
    "contacts" to sheet("contacts-empty", "contacts", "contacts-add", "contacts-own-code"),
    "chat" to sheet("chat-plain", "chat-waiting", "chat-private", "chat-they-verified-you", "chat-verified"),
    "chat-stopped" to sheet("chat-key-changed", "chat-key-accept", "chat-finished", "chat-stranger"),
    "chat-more" to sheet("chat-blocked", "chat-held-back", "chat-burning", "chat-messages", "chat-link"),
    "chat-told" to sheet("chat-empty", "chat-not-sent", "chat-asked", "chat-menu"),
    "verify" to sheet("verify-secret", "verify-waits", "verify-asked", "verify-digits"),
    "verified" to sheet("verify-same", "verify-different"),
    "burn" to sheet("burn", "burn-held", "burn-without-tor"),
    "reports" to sheet("burned", "burned-waits", "burned-disabled", "burned-not-sure"),
    "words" to sheet("words-hidden", "words", "words-forget"),
    "settings" to sheet("settings-of-burner", "settings-history", "settings-expiry"),
    "passphrases" to sheet("settings", "settings-passphrases"),
    "panic" to sheet("panic", "panic-slid", "panic-done", "panic-remains"),
    "dark" to Sheet(
        listOf("start", "burners", "contacts", "chat-messages", "chat-verified", "chat-key-changed", "verify-digits", "panic"),
        Format(360, 740, isDark = true),
    ),
    "persian" to Sheet(listOf("start", "contacts", "chat-messages", "verify-digits"), Format(360, 740, language = Language.PERSIAN)),
    "large-text" to Sheet(listOf("start", "contacts", "chat-private", "burn"), Format(320, 740, letters = 2f)),
    "wide" to Sheet(listOf("contacts", "chat-messages"), Format(840, 600)),
)
