package org.flashpaper.demo

import android.app.Activity
import android.app.AlertDialog
import android.content.ClipboardManager
import android.content.Intent
import android.content.pm.PackageInfo
import android.content.pm.Signature
import android.content.pm.SigningInfo
import android.os.Looper
import java.io.File
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.flashpaper.Key
import org.flashpaper.Life
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowAlertDialog

/** The panic button of another app, with the real library: what is deleted is looked for on the disk. */
@RunWith(RobolectricTestRunner::class)
class PanicTest {
    private val app = RuntimeEnvironment.getApplication() as TestDemoApplication
    private val folder = File(app.noBackupFilesDir, "flashpaper")
    private val life get() = app.platform.library.value?.state?.value?.life

    private fun install(name: String, signature: String) {
        val signing = Shadow.newInstanceOf(SigningInfo::class.java)
        shadowOf(signing).setSignatures(arrayOf(Signature(signature)))
        val info = PackageInfo().apply {
            packageName = name
            signingInfo = signing
            applicationInfo = android.content.pm.ApplicationInfo().apply { packageName = name }
        }
        shadowOf(app.packageManager).installPackage(info)
    }

    /** Android tells for sure which app has started an activity, if that waits for its result. */
    private fun <A : Activity> started(activity: Class<A>, action: String, sender: String?): A {
        val controller = Robolectric.buildActivity(activity, Intent(action))
        sender?.let { shadowOf(controller.get()).setCallingPackage(it) }
        return controller.create().get()
    }

    private fun open() {
        app.model
        until("open") { life == Life.AWAKE }
        assertTrue(folder.list().orEmpty().isNotEmpty() && app.keys.slots.isNotEmpty())
    }

    private fun connect(sender: String, yes: Boolean) {
        started(ConnectTriggerActivity::class.java, ConnectTriggerActivity.CONNECT, sender)
        val dialog = ShadowAlertDialog.getLatestDialog() as AlertDialog
        dialog.getButton(if (yes) AlertDialog.BUTTON_POSITIVE else AlertDialog.BUTTON_NEGATIVE).performClick()
        until("decided") { !dialog.isShowing }
    }

    @Test
    fun `the connected app's button deletes everything`() {
        install("info.guardianproject.ripple", "aa")
        open()
        app.platform.save(Choices(Entrance.BRIDGES, "192.0.2.7:443"))
        app.clipboard.copy("secret")
        connect("info.guardianproject.ripple", yes = true)
        assertEquals("info.guardianproject.ripple", app.platform.triggers.app.value)
        until("told") { app.platform.settings.value.canForgetTrigger }
        val before = app.keys.slots
        assertTrue(started(TriggerActivity::class.java, TriggerActivity.TRIGGER, "info.guardianproject.ripple").isFinishing)
        assertEquals(emptySet<Any>() to emptyList<String>(), app.keys.slots to folder.list().orEmpty().toList())
        assertFalse(before.isEmpty())
        // What Android kept outside of the store.
        assertEquals(Choices(), app.platform.load())
        assertNull(app.platform.triggers.app.value)
        assertFalse(app.service<ClipboardManager>().hasPrimaryClip())
        until("told") { !app.platform.settings.value.canForgetTrigger }
    }

    @Test
    fun `a panic that starts the app opens nothing`() {
        install("info.guardianproject.ripple", "aa")
        connect("info.guardianproject.ripple", yes = true)
        app.platform.save(Choices(Entrance.BRIDGES, "192.0.2.7:443"))
        // What an earlier run has left.
        runBlocking { Store(folder, app.keys).open(Key.Source(app.keys)).close() }
        assertTrue(folder.list().orEmpty().isNotEmpty() && app.keys.slots.isNotEmpty())
        started(TriggerActivity::class.java, TriggerActivity.TRIGGER, "info.guardianproject.ripple")
        assertEquals(emptyList<String>(), folder.list().orEmpty().toList())
        repeat(50) {
            shadowOf(Looper.getMainLooper()).idle()
            Thread.sleep(20)
        }
        assertEquals(emptySet<Any>() to emptyList<String>(), app.keys.slots to folder.list().orEmpty().toList())
        assertEquals(null to Choices(), app.platform.library.value to app.platform.load())
    }

    @Test
    fun `the emergency passphrase leaves the app as it was installed`() {
        install("info.guardianproject.ripple", "aa")
        open()
        connect("info.guardianproject.ripple", yes = true)
        app.clipboard.copy("secret")
        app.platform.staysConnected = true
        app.model.settings()
        val settings = app.model.shown.value as SettingsModel
        settings.setEntrance(Entrance.BRIDGES)
        settings.writePassphrase("open sesame")
        settings.writeAgain("open sesame")
        settings.setPassphrase()
        until("a passphrase") { settings.state.value.passphrase.sign.text.key == TextKey.PASSPHRASE_SET }
        settings.writeDuress("fire")
        settings.writeDuressAgain("fire")
        settings.setDuress()
        until("an emergency passphrase") { settings.state.value.note?.text?.key == TextKey.DURESS_SAVED }
        app.platform.save(app.platform.load().copy(autoLock = AutoLock.ONE_HOUR))
        app.scope.launch { app.platform.library.value?.lock() }
        until("locked") { app.model.state.value.screen == Screen.Unlock }
        val unlock = app.model.shown.value as UnlockModel
        unlock.writePassphrase("fire")
        unlock.unlock()
        until("an empty app") { app.model.state.value.screen == Screen.Start && app.platform.load() == Choices() }
        until("which is open") { life == Life.AWAKE }
        assertFalse(app.platform.staysConnected)
        assertNull(app.platform.triggers.app.value)
        assertFalse(app.service<ClipboardManager>().hasPrimaryClip())
    }

    @Test
    fun `the button of any other app locks, and deletes nothing`() {
        install("info.guardianproject.ripple", "aa")
        install("com.example.other", "bb")
        open()
        connect("info.guardianproject.ripple", yes = true)
        for (sender in listOf("com.example.other", null)) {
            started(TriggerActivity::class.java, TriggerActivity.TRIGGER, sender)
            until("locked") { life == Life.LOCKED && app.model.state.value.screen == Screen.Unlock }
            assertTrue(folder.list().orEmpty().isNotEmpty() && app.keys.slots.isNotEmpty())
            // So that the next one has something to lock.
            (app.model.shown.value as UnlockModel).unlock()
            until("open again") { life == Life.AWAKE && app.model.state.value.screen != Screen.Unlock }
        }
    }

    @Test
    fun `an app that has taken the name of the connected one is any other`() {
        install("info.guardianproject.ripple", "aa")
        connect("info.guardianproject.ripple", yes = true)
        assertTrue(app.platform.triggers.isConnected("info.guardianproject.ripple"))
        install("info.guardianproject.ripple", "bb")
        assertFalse(app.platform.triggers.isConnected("info.guardianproject.ripple"))
    }

    @Test
    fun `nobody is connected without a yes, and the app itself may leave`() {
        install("info.guardianproject.ripple", "aa")
        install("com.example.other", "bb")
        connect("info.guardianproject.ripple", yes = false)
        assertNull(app.platform.triggers.app.value)
        connect("info.guardianproject.ripple", yes = true)
        started(ConnectTriggerActivity::class.java, ConnectTriggerActivity.DISCONNECT, "com.example.other")
        assertEquals("info.guardianproject.ripple", app.platform.triggers.app.value)
        started(ConnectTriggerActivity::class.java, ConnectTriggerActivity.DISCONNECT, "info.guardianproject.ripple")
        assertNull(app.platform.triggers.app.value)
        assertTrue(started(ConnectTriggerActivity::class.java, ConnectTriggerActivity.CONNECT, null).isFinishing)
    }
}
