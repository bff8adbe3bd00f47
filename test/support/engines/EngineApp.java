package engine;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * A process engine with its REST API at /engine-rest, and the same once more at /guarded behind the
 * engine's own authentication filter, which lets in the engine's own users.
 */
@Configuration
@EnableAutoConfiguration
public class EngineApp {
  public static void main(String[] args) {
    SpringApplication.run(EngineApp.class, args);
  }

  @Bean
  ServletRegistrationBean<HttpServlet> guarded() {
    HttpServlet forward = new HttpServlet() {
      @Override
      protected void service(HttpServletRequest request, HttpServletResponse response)
          throws java.io.IOException, jakarta.servlet.ServletException {
        String query = request.getQueryString() == null ? "" : "?" + request.getQueryString();
        String path = request.getRequestURI().substring("/guarded".length());
        request.getRequestDispatcher("/engine-rest" + path + query).forward(request, response);
      }
    };
    ServletRegistrationBean<HttpServlet> servlet =
        new ServletRegistrationBean<>(forward, "/guarded/*");
    // fetchAndLock answers later.
    servlet.setAsyncSupported(true);
    return servlet;
  }

  @Bean
  FilterRegistrationBean<Filter> authentication() throws ReflectiveOperationException {
    // Camunda's and Operaton's differ in their package only.
    String rest = System.getProperty("engine.package") + ".rest.security.auth.";
    Filter filter = (Filter)
        Class.forName(rest + "ProcessEngineAuthenticationFilter").getConstructor().newInstance();
    FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>(filter);
    registration.addInitParameter(
        "authentication-provider", rest + "impl.HttpBasicAuthenticationProvider");
    registration.addUrlPatterns("/guarded/*");
    registration.setAsyncSupported(true);
    return registration;
  }
}
