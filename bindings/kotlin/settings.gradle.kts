// For the AAR, where Google's repository is at hand; `cargo xtask package android` runs it. The tested build is Maven's.
pluginManagement {
    // Versions are written once: in Maven's file.
    val maven = file("pom.xml").readText()
    val kotlin = Regex("<kotlin.version>(.+)</kotlin.version>").find(maven)!!.groupValues[1]
    repositories {
        google()
        mavenCentral()
    }
    plugins {
        id("com.android.library") version "8.13.0"
        id("org.jetbrains.kotlin.android") version kotlin
    }
}
dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}
rootProject.name = "flashpaper-kotlin"
include(":android", ":testing")
