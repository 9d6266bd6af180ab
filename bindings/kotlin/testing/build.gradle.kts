// The double and its contract for an app's own tests: beside the AAR, from which it has the face.
import org.jetbrains.kotlin.gradle.tasks.KotlinCompile

plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
    `maven-publish`
}

val maven = file("../pom.xml").readText()
fun version(name: String) = Regex("<$name.version>(.+)</$name.version>").find(maven)!!.groupValues[1]

android {
    namespace = "org.flashpaper.testing"
    compileSdk = 36
    defaultConfig { minSdk = 26 }
    sourceSets["main"].kotlin.srcDir("src/main/kotlin")
    publishing {
        singleVariant("release") { withSourcesJar() }
    }
}

kotlin {
    jvmToolchain(17)
}

// It has one version with the library, and shares what both do alike: what is internal there is seen here, as by -Xfriend-paths
// in Maven's file. Kotlin associates compilations of one project only, so the library's classes are taken from the class path.
tasks.withType<KotlinCompile>().configureEach {
    friendPaths.from(libraries.filter { it.startsWith(rootDir.resolve("android")) })
}

dependencies {
    api(project(":android"))
    api("org.jetbrains.kotlinx:kotlinx-coroutines-test:${version("coroutines")}")
    // The contract is a suite of JUnit's.
    api("org.junit.jupiter:junit-jupiter:${version("junit")}")
}

publishing {
    publications {
        register<MavenPublication>("release") {
            artifactId = "flashpaper-testing"
            afterEvaluate { from(components["release"]) }
        }
    }
}
