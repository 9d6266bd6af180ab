package org.flashpaper.demo

import android.content.Context
import android.content.pm.PackageManager
import android.content.pm.PackageManager.NameNotFoundException
import android.os.Build
import java.security.MessageDigest
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/**
 * The app that the user has connected, by PanicKit's convention: its panic button deletes everything here. At most one. It is
 * known by its package and by the certificate that it was signed with, so that no other app can take its name.
 */
class Triggers(private val context: Context) {
    private val preferences = context.getSharedPreferences("trigger", Context.MODE_PRIVATE)
    private val connected = MutableStateFlow(preferences.getString(PACKAGE, null))

    /** The package of the connected app. */
    val app: StateFlow<String?> = connected.asStateFlow()

    fun connect(app: String) {
        val signer = signer(app) ?: return
        preferences.edit().putString(PACKAGE, app).putString(SIGNER, signer).commit()
        connected.value = app
    }

    fun forget() {
        preferences.edit().clear().commit()
        connected.value = null
    }

    /** Whether this app is the connected one, still signed by the same people. Null: nobody can tell which app it is. */
    fun isConnected(app: String?): Boolean =
        app != null && app == connected.value && preferences.getString(SIGNER, null).let { it != null && it == signer(app) }

    private fun signer(app: String): String? = try {
        certificates(app)?.joinToString { MessageDigest.getInstance("SHA-256").digest(it).joinToString("") { byte -> "%02x".format(byte) } }
    } catch (_: NameNotFoundException) {
        null
    }

    private fun certificates(app: String): List<ByteArray>? {
        val signatures = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            context.packageManager.getPackageInfo(app, PackageManager.GET_SIGNING_CERTIFICATES).signingInfo?.apkContentsSigners
        } else {
            @Suppress("DEPRECATION")
            context.packageManager.getPackageInfo(app, PackageManager.GET_SIGNATURES).signatures
        }
        return signatures?.map { it.toByteArray() }?.takeIf { it.isNotEmpty() }
    }

    private companion object {
        const val PACKAGE = "package"
        const val SIGNER = "signer"
    }
}
