package org.flashpaper.demo

import android.Manifest.permission.ACCESS_NETWORK_STATE
import android.Manifest.permission.CAMERA
import android.Manifest.permission.FOREGROUND_SERVICE
import android.Manifest.permission.FOREGROUND_SERVICE_SPECIAL_USE
import android.Manifest.permission.INTERNET
import android.Manifest.permission.POST_NOTIFICATIONS
import android.content.Intent
import android.content.pm.ApplicationInfo
import android.content.pm.ComponentInfo
import android.content.pm.PackageManager
import android.content.pm.ServiceInfo
import java.io.File
import javax.xml.parsers.DocumentBuilderFactory
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.w3c.dom.Element

/** What the app may do, and what can get out of it. */
@RunWith(RobolectricTestRunner::class)
class ManifestTest {
    private val app = RuntimeEnvironment.getApplication()
    private val all = app.packageManager.getPackageInfo(
        app.packageName,
        PackageManager.GET_PERMISSIONS or PackageManager.GET_ACTIVITIES or PackageManager.GET_SERVICES or
            PackageManager.GET_RECEIVERS or PackageManager.GET_PROVIDERS,
    )

    @Test
    fun `it asks for these permissions and no other`() {
        val expected = setOf(
            INTERNET, ACCESS_NETWORK_STATE, FOREGROUND_SERVICE, FOREGROUND_SERVICE_SPECIAL_USE, POST_NOTIFICATIONS, CAMERA,
        )
        assertEquals(expected, all.requestedPermissions.orEmpty().toSet())
    }

    @Test
    fun `other apps reach the start and the panic button alone`() {
        val parts = listOf<Array<out ComponentInfo>?>(all.activities, all.services, all.receivers, all.providers)
        val open = parts.flatMap { it.orEmpty().toList() }.filter { it.exported }.map { it.name.substringAfterLast('.') }
        assertEquals(setOf("MainActivity", "TriggerActivity", "ConnectTriggerActivity"), open.toSet())
        for (action in listOf(TriggerActivity.TRIGGER, ConnectTriggerActivity.CONNECT, ConnectTriggerActivity.DISCONNECT)) {
            assertEquals(action, 1, app.packageManager.queryIntentActivities(Intent(action).setPackage(app.packageName), 0).size)
        }
    }

    @Test
    fun `the service is of the special use, and the camera is no must`() {
        assertEquals(ServiceInfo.FOREGROUND_SERVICE_TYPE_SPECIAL_USE, all.services?.single()?.foregroundServiceType)
        val manifest = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(File("src/main/AndroidManifest.xml"))
        val feature = manifest.getElementsByTagName("uses-feature").item(0) as Element
        assertEquals("android.hardware.camera" to "false", feature.run { getAttribute("android:name") to getAttribute("android:required") })
    }

    @Test
    fun `nothing goes into a backup or to another device`() {
        assertEquals(0, app.applicationInfo.flags and ApplicationInfo.FLAG_ALLOW_BACKUP)
        val rules = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(File("src/main/res/xml/nothing_leaves.xml"))
        for (way in listOf("cloud-backup", "device-transfer")) {
            val excluded = (rules.getElementsByTagName(way).item(0) as Element).getElementsByTagName("exclude")
            val domains = (0 until excluded.length).map { (excluded.item(it) as Element).getAttribute("domain") }
            assertEquals(way, setOf("root", "file", "database", "sharedpref", "external"), domains.toSet())
        }
        val named = File("src/main/AndroidManifest.xml").readText().contains("android:dataExtractionRules=\"@xml/nothing_leaves\"")
        assertEquals(true, named)
    }
}
