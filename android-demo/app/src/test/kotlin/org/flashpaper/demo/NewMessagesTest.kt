@file:OptIn(ExperimentalCoroutinesApi::class)

package org.flashpaper.demo

import android.app.Notification
import android.app.NotificationManager
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.flashpaper.Jid
import org.flashpaper.testing.FakeFlashpaper
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

@RunWith(RobolectricTestRunner::class)
class NewMessagesTest {
    private val app = RuntimeEnvironment.getApplication()
    private val notifications = app.service<NotificationManager>()
    private var isInFront = false

    private fun story(body: suspend TestScope.(FakeFlashpaper) -> Unit) = runTest {
        val fake = FakeFlashpaper(this)
        NewMessages(app, MutableStateFlow(fake)) { isInFront }.watch(backgroundScope)
        fake.startTor()
        fake.create().await()
        body(fake)
    }

    private fun TestScope.come(fake: FakeFlashpaper, text: String) {
        fake.peer(Jid("juliet@example.net")).sends(text, fake.state.value.burners.single().id)
        runCurrent()
    }

    @Test
    fun `it says that something came, and nothing else`() = story { fake ->
        come(fake, "meet me at noon")
        val shown = shadowOf(notifications).allNotifications.single()
        val words = shown.extras.keySet().mapNotNull { shown.extras.getCharSequence(it)?.toString() }
        assertEquals(listOf("New message"), words)
        assertNull(shown.tickerText)
        assertEquals(0, shown.number)
        assertEquals(Notification.VISIBILITY_SECRET, shown.visibility)
        assertTrue(shown.flags and Notification.FLAG_LOCAL_ONLY != 0)
        val channel = notifications.getNotificationChannel(shown.channelId)
        assertEquals(Notification.VISIBILITY_SECRET to false, channel.lockscreenVisibility to channel.canShowBadge())
        // A second one is the same notification.
        come(fake, "or later")
        assertEquals(1, shadowOf(notifications).allNotifications.size)
    }

    @Test
    fun `what it says is in the language of the app, also after another was chosen`() = story { fake ->
        val channel = { notifications.notificationChannels.single().name }
        runCurrent()
        assertEquals("Messages", channel())
        RuntimeEnvironment.setQualifiers("fa")
        app.onConfigurationChanged(app.resources.configuration)
        assertEquals("پیام‌ها", channel())
        come(fake, "meet me at noon")
        assertEquals("پیام جدید", shadowOf(notifications).allNotifications.single().extras.getCharSequence(Notification.EXTRA_TITLE))
    }

    @Test
    fun `a store that locks itself takes nothing away`() = story { fake ->
        come(fake, "meet me at noon")
        fake.lock()
        runCurrent()
        assertEquals(1, shadowOf(notifications).allNotifications.size)
    }

    @Test
    fun `who looks at the app is not told, and what was read is taken away`() = story { fake ->
        isInFront = true
        come(fake, "hello")
        assertEquals(0, shadowOf(notifications).allNotifications.size)
        isInFront = false
        come(fake, "are you there?")
        assertEquals(1, shadowOf(notifications).allNotifications.size)
        val burner = fake.state.value.burners.single()
        val chat = checkNotNull(fake.burner(burner.id)?.chat(Jid("juliet@example.net")))
        chat.read(checkNotNull(fake.burner(burner.id)).messages().last().id)
        runCurrent()
        assertEquals(0, shadowOf(notifications).allNotifications.size)
    }
}
