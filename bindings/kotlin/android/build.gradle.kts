// One artefact for Android: the library for each ABI, its Kotlin, key store, service and rules for R8.
plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
    `maven-publish`
}

// Versions are written once: Flashpaper's in Cargo.toml, those of libraries in Maven's file.
val maven = file("../pom.xml").readText()
fun version(name: String) = Regex("<$name.version>(.+)</$name.version>").find(maven)!!.groupValues[1]

/** What `cargo xtask package android` has made: libraries by ABI, and where the repository is to lie. */
val made = providers.gradleProperty("flashpaper.package").map { File(it) }.orNull
    ?: throw GradleException("run cargo xtask package android, which builds the native library first")

android {
    namespace = "org.flashpaper.android"
    compileSdk = 36
    defaultConfig {
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
    }
    sourceSets["main"].kotlin.srcDirs(
        "../flashpaper/src/main/kotlin",
        "src/main/kotlin",
    )
    sourceSets["main"].jniLibs.srcDir(made.resolve("jniLibs"))
    sourceSets["androidTest"].kotlin.srcDir("src/androidTest/kotlin")
    publishing {
        singleVariant("release") { withSourcesJar() }
    }
}

kotlin {
    jvmToolchain(17)
}

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-android:${version("coroutines")}")
    implementation("net.java.dev.jna:jna:${version("jna")}@aar")
    androidTestImplementation("androidx.test:runner:1.7.0")
    androidTestImplementation("androidx.test.ext:junit:1.3.0")
}

publishing {
    publications {
        register<MavenPublication>("release") {
            artifactId = "flashpaper-android"
            afterEvaluate { from(components["release"]) }
        }
    }
}
