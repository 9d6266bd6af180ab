// One module for the app: everything from the generated bindings up to the activity.
plugins {
    id("com.android.application") version "8.13.0"
    id("org.jetbrains.kotlin.android") version "2.4.20"
    id("org.jetbrains.kotlin.plugin.compose") version "2.4.20"
}

android {
    namespace = "org.flashpaper.demo"
    compileSdk = 36
    defaultConfig {
        applicationId = "org.flashpaper.demo"
        minSdk = 26
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
    }
    // The library for each ABI is to be put into src/main/jniLibs: see README.md.
    sourceSets["main"].kotlin.srcDirs(
        "src/androidx/kotlin",
        "../ui/src/main/kotlin",
        "../model/src/main/kotlin",
        "../../bindings/kotlin/flashpaper/src/main/kotlin",
        "../../bindings/kotlin/android/src/main/kotlin",
    )
}

kotlin {
    jvmToolchain(17)
}

dependencies {
    implementation("androidx.activity:activity-compose:1.11.0")
    implementation("androidx.compose.material3:material3:1.4.0")
    implementation("com.google.zxing:core:3.5.3")
    implementation("net.java.dev.jna:jna:5.19.1@aar")
    implementation("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.11.0")
}
