package org.flashpaper.demo

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.content.Context
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.flatMapLatest
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.launch
import org.flashpaper.Flashpaper
import org.flashpaper.Life
import org.flashpaper.State

/**
 * Says that something has come, and no more: no burner, no sender, no text, not how many. It is not shown on a locked screen, and
 * not handed to a watch.
 */
class NewMessages(
    private val context: Context,
    private val library: StateFlow<Flashpaper?>,
    private val isInFront: () -> Boolean,
) {
    private val notifications = context.service<NotificationManager>()
    private var last = 0

    @OptIn(ExperimentalCoroutinesApi::class)
    fun watch(scope: CoroutineScope): Job = scope.launch {
        nameChannel()
        library.flatMapLatest { known(it) }.distinctUntilChanged().collect { unread ->
            // Who looks at the app sees the marks of unread texts.
            if (unread > last && !isInFront()) notifications.notify(ID, notification())
            if (unread == 0) notifications.cancel(ID)
            last = unread
        }
    }

    /** A locked store does not tell what was read, and takes nothing away. */
    private fun known(library: Flashpaper?): Flow<Int> = library?.state?.filter { it.life != Life.LOCKED }?.map(::unread) ?: flowOf(0)

    private fun unread(state: State): Int = state.burners.sumOf { burner -> (burner.chats + burner.requests).sumOf { it.unread } }

    /** What Android's settings call these notifications, which keeps its language until it is said anew. */
    fun nameChannel() {
        val channel = NotificationChannel(CHANNEL, context.getString(R.string.notification_channel), NotificationManager.IMPORTANCE_DEFAULT)
        channel.lockscreenVisibility = Notification.VISIBILITY_SECRET
        channel.setShowBadge(false)
        notifications.createNotificationChannel(channel)
    }

    private fun notification(): Notification {
        val open = context.packageManager.getLaunchIntentForPackage(context.packageName)
        return Notification.Builder(context, CHANNEL)
            .setSmallIcon(R.drawable.ic_status)
            .setContentTitle(context.getString(R.string.notification_message))
            .setVisibility(Notification.VISIBILITY_SECRET)
            .setShowWhen(false)
            .setLocalOnly(true)
            .setAutoCancel(true)
            .apply { open?.let { setContentIntent(PendingIntent.getActivity(context, 0, it, PendingIntent.FLAG_IMMUTABLE)) } }
            .build()
    }

    private companion object {
        const val CHANNEL = "org.flashpaper.demo.messages"
        const val ID = 1
    }
}
