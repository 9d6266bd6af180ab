package org.flashpaper.demo

import java.security.MessageDigest
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.Jid

/**
 * A burner's colour and picture. They are drawn from its name within this installation, which says nothing about the account and
 * never leaves the device: a picture that somebody has seen over a shoulder leads nowhere.
 */
internal fun badge(burner: BurnerState): BurnerBadge = badge(burner.id, burner.label ?: burner.jid.value)

internal fun badge(burner: BurnerId, label: String): BurnerBadge {
    val bits = MessageDigest.getInstance("SHA-256").digest(burner.value.encodeToByteArray())
    val color = BurnerColor.entries[bits[0].mod(BurnerColor.entries.size)]
    val seed = bits.drop(1).take(Long.SIZE_BYTES).fold(0L) { all, byte -> all shl Byte.SIZE_BITS or (byte.toLong() and 0xFF) }
    return BurnerBadge(burner, Verbatim(label), color, seed)
}

internal fun name(label: String?, peer: Jid): Verbatim = Verbatim(label ?: peer.value)
