package org.flashpaper.internal

import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import org.flashpaper.FlashpaperException
import org.flashpaper.Input

/** The longest duration that means anything. */
private val LONGEST = (30 * 365).days

/** Nothing below zero, and at most 30 years. */
internal fun Duration.checked(): Duration {
    if (isNegative()) throw FlashpaperException.InvalidInput(Input.TimeSpan)
    return coerceAtMost(LONGEST)
}
