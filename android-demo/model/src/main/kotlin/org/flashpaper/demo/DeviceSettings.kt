package org.flashpaper.demo

import org.flashpaper.demo.TextKey.TRIGGER_CONNECTED
import org.flashpaper.demo.TextKey.TRIGGER_NONE

/** Settings that only this kind of device has. */
data class DeviceSettings(
    val staysConnected: Boolean,
    /** What the panic button of another app does. */
    val trigger: Sign,
    val canForgetTrigger: Boolean,
)

fun deviceSettings(staysConnected: Boolean, hasTrigger: Boolean) = DeviceSettings(
    staysConnected,
    if (hasTrigger) Sign(Mark.WARNING, Text(TRIGGER_CONNECTED), Tone.CAUTION) else Sign(Mark.INFO, Text(TRIGGER_NONE), Tone.QUIET),
    canForgetTrigger = hasTrigger,
)
