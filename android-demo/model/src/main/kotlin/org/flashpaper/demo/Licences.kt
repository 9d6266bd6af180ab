package org.flashpaper.demo

/** What the app is made of. The many small parts of the library are listed in its source. */
internal val LICENCES = listOf(
    "Flashpaper" to "MIT / Apache-2.0",
    "Arti (The Tor Project)" to "MIT / Apache-2.0",
    "tokio-xmpp, xmpp-parsers" to "MPL-2.0",
    "RustCrypto" to "MIT / Apache-2.0",
    "rustls" to "Apache-2.0 / ISC / MIT",
    "SQLite" to "Public Domain",
    "UniFFI" to "MPL-2.0",
    "Kotlin, kotlinx.coroutines" to "Apache-2.0",
    "Jetpack Compose" to "Apache-2.0",
    "ZXing" to "Apache-2.0",
    "JNA" to "Apache-2.0 / LGPL-2.1",
).map { (name, licence) -> Licence(Verbatim(name), Verbatim(licence)) }
