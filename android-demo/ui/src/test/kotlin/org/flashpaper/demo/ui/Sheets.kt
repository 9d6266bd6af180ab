package org.flashpaper.demo.ui

/** Scenes side by side, as in the docs. */
internal class Sheet(val scenes: List<String>, val format: Format = Format(360, 740))

private fun sheet(vararg scenes: String) = Sheet(scenes.toList())

internal val SHEETS: Map<String, Sheet> = mapOf(
    "start" to sheet("start", "start-bridges", "creating-tor", "creating-captcha"),
    "problems" to sheet("creating-blocked", "creating-clock", "creating-refused", "creating-web-page"),
    "burners" to sheet("burners-empty", "burners", "burners-removals", "restore"),
    "contacts" to sheet("contacts-empty", "contacts", "contacts-add", "contacts-own-code"),
    "chat" to sheet("chat-plain", "chat-waiting", "chat-private", "chat-verified"),
    "chat-stopped" to sheet("chat-key-changed", "chat-key-accept", "chat-finished", "chat-stranger"),
    "chat-more" to sheet("chat-blocked", "chat-held-back", "chat-messages", "chat-link"),
    "verify" to sheet("verify-secret", "verify-asked", "verify-different", "verify-digits"),
    "burn" to sheet("burn-held", "burn-without-tor", "burned", "burned-waits"),
    "settings" to sheet("settings-of-burner", "words", "panic-slid", "unlock-passphrase-wrong"),
    "dark" to Sheet(listOf("start", "burners", "chat-messages", "chat-key-changed"), Format(360, 740, isDark = true)),
    "persian" to Sheet(listOf("start", "contacts", "chat-messages", "verify-digits"), Format(360, 740, language = Language.PERSIAN)),
    "large-text" to Sheet(listOf("start", "contacts", "chat-private", "burn"), Format(320, 740, letters = 2f)),
    "wide" to Sheet(listOf("contacts", "chat-messages"), Format(840, 600)),
)
