package org.flashpaper.demo

import android.content.Context
import android.text.format.DateUtils
import android.text.format.DateUtils.FORMAT_ABBREV_ALL
import android.text.format.DateUtils.FORMAT_SHOW_DATE
import android.text.format.DateUtils.FORMAT_SHOW_TIME
import org.flashpaper.demo.ui.Wording

/** The app's words from its resources, and times as the user has set the device. */
fun wording(context: Context) = Wording(
    context.resources.configuration.locales[0],
    // By name: the models know no number of a resource.
    { context.getString(context.resources.getIdentifier(it.id, "string", context.packageName)) },
    { moment ->
        val form = if (moment.withDay) FORMAT_SHOW_TIME or FORMAT_SHOW_DATE or FORMAT_ABBREV_ALL else FORMAT_SHOW_TIME
        DateUtils.formatDateTime(context, moment.at.toEpochMilli(), form)
    },
)
