package engine;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;

/** A process engine with its REST API and nothing else. */
@Configuration
@EnableAutoConfiguration
public class EngineApp {
  public static void main(String[] args) {
    SpringApplication.run(EngineApp.class, args);
  }
}
