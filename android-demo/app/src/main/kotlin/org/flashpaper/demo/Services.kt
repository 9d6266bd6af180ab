package org.flashpaper.demo

import android.content.Context

/** A service of the system that every device has. */
internal inline fun <reified T : Any> Context.service(): T = checkNotNull(getSystemService(T::class.java))
