package org.flashpaper.demo

import java.text.Normalizer

/**
 * A secret as it is compared: as the same person means it on any keyboard. Compatibility forms are one (Unicode NFKC), capital
 * letters count as small ones by no language's rule, a sigma at the end of a word as any other, and blanks count once between
 * words and not at the ends. The library compares bytes, so both sides have to do the same: the iOS app does.
 */
internal fun normalised(secret: String): String =
    Normalizer.normalize(secret, Normalizer.Form.NFKC).lowercase().replace('\u03C2', '\u03C3').split(BLANKS)
        .filter(String::isNotEmpty).joinToString(" ")

private val BLANKS = Regex("[\\s\\p{Z}\\u0085]+")
